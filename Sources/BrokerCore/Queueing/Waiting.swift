/// Why a queued session waits, as facts from which the text for learners and for operators is made.
public struct Waiting: Hashable, Sendable, Codable {
    public enum Cause: Hashable, Sendable, Codable {
        /// The container of the session's previous run is still being removed.
        case previousContainer
        /// The configuration has not been read yet.
        case configuration
        /// An operator has closed every host that could serve the lab.
        case hostsClosed
        /// No open host that could serve the lab answers.
        case hostsSilent
        /// Network isolation has not been proved on any host that answers.
        case hostsUnproved
        /// The only host with the learner's files is the same engine as another host, and is used under that name.
        case sameEngine(as: String)
        /// No host that answers has the lab's image.
        case imageMissing(image: String)
        /// Its portal uses as many seats, or as much memory, as its quota allows.
        case portalQuota
        /// Every slot is taken.
        case seatsTaken
        /// There are free slots, but not enough free memory with them; one seat needs this much, in bytes.
        case memoryTaken(needed: Int64)
        /// The free seats are held for these reservations; `from` is the earliest opening among them, and `until` the
        /// earliest end.
        case seatsHeld(reservations: [ReservationID], from: Timestamp, until: Timestamp)
        /// Running labs use so much memory that their hosts take no new sessions for now.
        case hostsStrained
        /// The hosts are starting as many labs as they can at the same time.
        case startsPaced(underWay: Int)
        /// A host is held for a larger lab whose turn comes first.
        case largerLabFirst
        /// The seats reserved for this learner are on hosts that are unavailable.
        case reservedSeatsGone
        /// These reserved seats were unclaimed at the no-show time, and other sessions have them now.
        case reservedSeatsReleased
    }

    public var cause: Cause
    /// The only host that can serve this learner, because their files are there.
    public var home: String?
    /// The labels that the lab requires of a host.
    public var requires: [String: String]
    /// The reservation of which the session has a right to a seat.
    public var reservation: ReservationID?
    /// How many sessions come first.
    public var ahead: Int
    /// Whether several portals have sessions waiting, and so take turns.
    public var portalsTakeTurns: Bool
    /// The latest time at which a seat becomes free, as far as is known now; `nil` if reservations may hold that seat.
    public var seatBy: Timestamp?

    public init(
        cause: Cause, home: String? = nil, requires: [String: String] = [:], reservation: ReservationID? = nil,
        ahead: Int = 0, portalsTakeTurns: Bool = false, seatBy: Timestamp? = nil
    ) {
        self.cause = cause
        self.home = home
        self.requires = requires
        self.reservation = reservation
        self.ahead = ahead
        self.portalsTakeTurns = portalsTakeTurns
        self.seatBy = seatBy
    }
}

extension BrokerCore {
    /// Why a queued session waits; `nil` if it is not queued. O(hosts), and near the head of the queue O(sessions on
    /// the hosts that could serve it).
    public func waiting(of id: SessionID, at now: Timestamp) -> Waiting? {
        guard let entry = entries[id], case .queued = entry.session.state else { return nil }
        let portal = entry.learner.portal
        var waiting = Waiting(
            cause: .configuration, reservation: entry.session.reservation,
            ahead: max(0, (queuePosition(of: id) ?? 1) - 1),
            portalsTakeTurns: queue.waiting.keys.contains { $0 != .portal(portal) })
        if gates[id] != nil {
            waiting.cause = .previousContainer
            return waiting
        }
        guard catalogue.isConfigured, let lab = catalogue.labs[entry.session.lab] else { return waiting }
        waiting.requires = lab.requires
        var candidates = hosts.filter { $0.settings.isConfigured && $0.spec.couldServe(lab) }
        var demand = demand(of: lab)
        if let reservation = entry.session.reservation.flatMap({ reservations[$0] }) {
            candidates.removeAll { seating.held(reservation, on: $0.name) == 0 }
            demand = lab.demand
            guard !candidates.isEmpty else {
                waiting.cause = reservation.released == nil ? .reservedSeatsGone : .reservedSeatsReleased
                return waiting
            }
        } else if !hasQuota(for: lab) {
            waiting.cause = .portalQuota
            return waiting
        } else if let bound = boundHost(of: entry.learner, for: lab.key) {
            waiting.home = bound
            candidates.removeAll { $0.name != bound }
        }
        let isReserved = entry.session.reservation != nil
        (waiting.cause, candidates) = cause(lab, demand, isReserved: isReserved, among: candidates, at: now)
        switch waiting.cause {
        case .seatsTaken, .memoryTaken:
            waiting.seatBy = seatBy(
                ahead: waiting.ahead, with: entry.session.reservation, during: demand.horizon, on: candidates, at: now)
        case .seatsHeld(let holders, _, _) where waiting.ahead == 0:
            waiting.seatBy = seatBy(after: holders, during: demand.horizon, on: candidates)
        default: break
        }
        return waiting
    }

    /// The first placement condition that no host meets, and the hosts that meet the conditions before it.
    private func cause(
        _ lab: Lab, _ demand: Demand, isReserved: Bool, among candidates: [HostRecord], at now: Timestamp
    ) -> (Waiting.Cause, [HostRecord]) {
        let open = candidates.filter { $0.settings.host.duty == .active }
        if open.isEmpty { return (.hostsClosed, candidates) }
        let answering = open.filter(\.isReachable)
        if answering.isEmpty {
            if open.count == 1, case .duplicate(let other) = open[0].settings.host.link {
                return (.sameEngine(as: other), open)
            }
            return (.hostsSilent, open)
        }
        let proved = answering.filter { $0.settings.isolation == .proved }
        if proved.isEmpty { return (.hostsUnproved, answering) }
        let equipped = proved.filter { !$0.settings.lackingLabs.contains(lab.key) }
        if equipped.isEmpty { return (.imageMissing(image: lab.image), proved) }
        let vacant = equipped.filter { $0.usage.seats < $0.spec.slots }
        if vacant.isEmpty { return (.seatsTaken, equipped) }
        let roomy = vacant.filter { $0.hasRoom(for: $0.charge(demand)) }
        if roomy.isEmpty { return (.memoryTaken(needed: vacant.map { $0.charge(demand) }.min() ?? 0), vacant) }
        var calm = roomy
        if !isReserved {
            calm.removeAll(where: \.settings.isStrained)
            if calm.isEmpty { return (.hostsStrained, roomy) }
            let promised = calm
            calm.removeAll { !$0.sparesPromises(demand, at: now) }
            if calm.isEmpty { return (holders(on: promised, during: demand.horizon, at: now), promised) }
        }
        let unhurried = calm.filter { $0.usage.starting < $0.startsAllowed }
        if unhurried.isEmpty { return (.startsPaced(underWay: calm.reduce(0) { $0 + $1.usage.starting }), calm) }
        return (.largerLabFirst, unhurried)
    }

    /// The reservations that hold seats on these hosts while a session that starts now may live.
    private func holders(on hosts: [HostRecord], during horizon: Duration, at now: Timestamp) -> Waiting.Cause {
        var found: [Reservation] = []
        for host in hosts {
            for id in seating.promisedOn[host.name] ?? [] {
                guard let reservation = reservations[id], seating.held(reservation, on: host.name) > 0,
                    reservation.terms.opensAt <= now + horizon, now < reservation.terms.to, !found.contains(reservation)
                else { continue }
                found.append(reservation)
            }
        }
        return .seatsHeld(
            reservations: found.map(\.id).sorted(), from: found.map(\.terms.opensAt).min() ?? now,
            until: found.map(\.terms.to).min() ?? now)
    }

    /// The earliest time at which one of these reservations is over, overrun included; `nil` if seats here are held for
    /// reservations then.
    private func seatBy(
        after holders: [ReservationID], during horizon: Duration, on hosts: [HostRecord]
    ) -> Timestamp? {
        guard let end = holders.compactMap({ reservations[$0]?.terms.endsAt }).min() else { return nil }
        return hosts.contains { isHeld(on: $0.name, from: end, during: horizon) } ? nil : end
    }

    /// The time by which enough seats here have been freed for the sessions ahead and this one, if every session stays
    /// as long as it may; `nil` if one of these seats is held for a reservation then.
    ///
    /// - Parameters:
    ///   - ahead: how many sessions get a seat first.
    ///   - own: the reservation of which the session itself has a right to a seat.
    private func seatBy(
        ahead: Int, with own: ReservationID?, during horizon: Duration, on hosts: [HostRecord], at now: Timestamp
    ) -> Timestamp? {
        guard ahead < Limits.seatsForeseen else { return nil }
        var leaving: [(end: Timestamp, session: Session, host: String)] = []
        for host in hosts {
            for id in host.usage.sessions {
                guard let entry = entries[id], let end = latestEnd(of: entry, now: now) else { continue }
                leaving.append((end, entry.session, host.name))
            }
        }
        guard ahead < leaving.count else { return nil }
        let first = leaving.sorted { ($0.end, $0.session.id) < ($1.end, $1.session.id) }.prefix(ahead + 1)
        let isAnyHeld = first.contains { seat in
            isHeld(on: seat.host, from: seat.end, during: horizon, leftBy: seat.session.reservation, besides: own)
        }
        return isAnyHeld ? nil : first.last?.end
    }

    /// Whether a reservation holds seats on a host while a session that starts at `start` may live.
    ///
    /// - Parameters:
    ///   - former: the reservation whose session has the seat until then; until it is over, it gets the seat back.
    ///   - own: a reservation to ignore.
    private func isHeld(
        on host: String, from start: Timestamp, during horizon: Duration, leftBy former: ReservationID? = nil,
        besides own: ReservationID? = nil
    ) -> Bool {
        (seating.promisedOn[host] ?? []).contains { id in
            guard id != own, let reservation = reservations[id] else { return false }
            return reservation.terms.opensAt <= start + horizon && start < reservation.terms.endsAt
                && (id == former || seating.held(reservation, on: host) > 0)
        }
    }
}
