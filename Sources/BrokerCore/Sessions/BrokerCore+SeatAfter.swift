/// Why a session on a reserved seat cannot be extended as far as requested.
public struct ExtensionConflict: Hashable, Sendable {
    public var session: SessionID
    public var host: String
    /// The reservation to which its seat belongs, unless that is over.
    public var reservation: ReservationID?
    /// When it loses the seat now.
    public var reservedUntil: Timestamp
    /// How long it could keep the seat; `nil` if there is no seat at all after `reservedUntil`.
    public var possibleUntil: Timestamp?
    /// The reservations that hold the host's seats after that, by id; empty if sessions take them.
    public var others: [ReservationID]
}

/// Keeping a reserved seat beyond the end of its reservation.
extension BrokerCore {
    /// How long an extended session keeps its reserved seat; `nil` if it does not need the seat beyond the
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

    /// The first time between `start` and `end` at which the host has no seat for one more session of this memory, or
    /// `end`.
    ///
    /// The seat is treated like one more reserved seat: it leaves the free floor.
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

    /// Sessions of a cancelled reservation become ordinary ones: only their lifetimes bound them.
    mutating func forgetSeatsAfter(_ id: ReservationID) {
        for var entry in seatedEntries(of: id) where entry.session.stay.seatUntil != nil {
            entry.session.stay.seatUntil = nil
            store(entry)
        }
    }

    /// The sessions on seats of a reservation, in order.
    func seatedEntries(of id: ReservationID) -> [Entry] {
        (seating.used[id]?.keys ?? [:].keys).sorted().flatMap { host in
            (record(of: host)?.usage.sessions ?? []).sorted().compactMap { entries[$0] }
                .filter { $0.session.reservation == id }
        }
    }
}
