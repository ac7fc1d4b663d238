/// Why a session on a reserved seat cannot be extended as far as was asked for.
public struct ExtensionConflict: Hashable, Sendable {
    public var session: SessionID
    public var host: String
    /// The reservation whose seat it has, unless it is over already.
    public var reservation: ReservationID?
    /// Until when it has the seat now.
    public var reservedUntil: Timestamp
    /// Until when it could have it; none if there is no seat at all after `reservedUntil`.
    public var possibleUntil: Timestamp?
    /// The reservations that have the host's seats after that, by id; none where sessions take them.
    public var others: [ReservationID]
}

/// A reserved seat beyond the end of its reservation.
extension BrokerCore {
    /// Until when an extended session keeps its reserved seat; `nil` for one that does not need it beyond the
    /// reservation's end.
    func seatUntil(
        _ entry: Entry, extendedBy duration: Duration, on host: String, _ since: Timestamp, _ lab: Lab,
        at now: Timestamp
    ) throws(Refusal) -> Timestamp? {
        guard let end = reservedUntil(entry), let record = record(of: host) else { return entry.session.stay.seatUntil }
        let wanted = min(ownLifetimeEnd(of: entry, runningSince: since, lab), end) + duration
        guard wanted > end else { return entry.session.stay.seatUntil }
        let outlook = outlook(at: now)
        let possible = seatLasts(entry.seatMemory, on: record, from: end, to: wanted, beside: outlook, at: now)
        guard possible < wanted else { return wanted }
        let others = reservations.values.filter {
            $0.isBooked && $0.id != entry.session.reservation && $0.allocation[host, default: 0] > 0
                && $0.terms.opensAt <= possible && possible < $0.terms.endsAt
        }
        throw .noSeatAfter(
            ExtensionConflict(
                session: entry.session.id, host: host, reservation: entry.session.reservation, reservedUntil: end,
                possibleUntil: possible > end ? possible : nil, others: others.map(\.id).sorted()))
    }

    /// The first moment of a time at which a host has no seat for one more session of this memory, or the end of it.
    ///
    /// Beside reservations it is like one seat more of them: it spares the free floor.
    private func seatLasts(
        _ memory: Int64, on host: HostRecord, from start: Timestamp, to end: Timestamp, beside outlook: Outlook,
        at now: Timestamp
    ) -> Timestamp {
        let promises = outlook.promises[host.name] ?? CapacityCurve()
        let reservable = host.spec.reservable(freeFloorPercent: catalogue.freeFloorPercent)
        let whole = Capacity(slots: host.spec.slots, memory: host.memoryLimit - host.settings.others.memoryBytes)
        for moment in [start] + promises.moments.filter({ start < $0 && $0 < end }) {
            let promised = promises.load(at: moment)
            let lasting = outlook.stays[host.name]?.lasting(at: max(moment, now)) ?? CapacityCurve.Load()
            let seats = min(
                reservable.seats(of: memory, beside: promised),
                whole.seats(of: memory, beside: promised + lasting))
            if seats < 1 { return moment }
        }
        return end
    }

    /// The sessions of a reservation that is cancelled are like all others: nothing bounds them but their lifetimes.
    mutating func forgetSeatsAfter(_ id: ReservationID) {
        for var entry in seatedEntries(of: id) where entry.session.stay.seatUntil != nil {
            entry.session.stay.seatUntil = nil
            store(entry)
        }
    }

    /// The sessions that have a seat of a reservation, in order.
    func seatedEntries(of id: ReservationID) -> [Entry] {
        (seating.used[id]?.keys ?? [:].keys).sorted().flatMap { host in
            (record(of: host)?.usage.sessions ?? []).sorted().compactMap { entries[$0] }
                .filter { $0.session.reservation == id }
        }
    }
}
