import Identity

/// The state of a host as operators see it.
public struct HostStatus: Hashable, Sendable {
    public var name: String
    public var state: HostState
    /// Why the host is in this state, if the state alone does not say so.
    public var notes: [HostNote]
    public var duty: HostDuty
    public var link: HostLink
    /// Whether the configuration lists the host. One that it does not list is forgotten once it is empty.
    public var isConfigured: Bool
    /// Sessions with a seat here.
    public var sessions: Int
    /// How many of these sessions are starting.
    public var starting: Int
    /// How many sessions may be starting at the same time: at most the configured maximum, fewer while starts are slow.
    public var startsAllowed: Int
    /// Seats taken by sessions, warm seats, and old containers that are still being removed.
    public var seats: Int
    public var slots: Int
    /// Memory charged for the seats taken, in bytes.
    public var memoryUsedBytes: Int64
    /// The maximum for `memoryUsedBytes`: the host's memory times its overcommit, in bytes.
    public var memoryLimitBytes: Int64
    /// Unclaimed warm seats on this host.
    public var warm: Int
    /// Whether homes can be attached to running containers; `nil` until this has been probed.
    public var attachment: HomeAttachment?
    public var isolation: HostIsolation
    /// The greater of slot share and memory share; above 1 if the configuration lowered a limit below its current use.
    public var density: Double
    public var drainDeadline: Timestamp?
    public var origin: HostOrigin
    /// Whether operators have changed settings of the configuration or of the host's entry.
    public var isAdjusted: Bool
    public var labels: [String: String]
    /// The engine's identity, once the engine has answered.
    public var engineID: String?
    /// What other Carrel instances use on this host.
    public var others: OtherUse
}

/// Read-only views. All are O(1) or O(log n), except those over all hosts, which are O(hosts).
extension BrokerCore {
    /// A session in memory: any that is not over, and until the next `confirm` those that have just ended.
    public func session(_ id: SessionID) -> Session? { entries[id]?.session }

    public func session(learner: Learner, lab: String) -> Session? {
        sessionsOf[LearnerKey(learner)]?[LabKey(portal: learner.portal, name: lab)].flatMap { entries[$0]?.session }
    }

    /// All sessions in memory, unordered.
    public var sessions: some Collection<Session> { entries.values.lazy.map(\.session) }

    /// All hosts, by name.
    public var hostStatuses: [HostStatus] { hosts.map(status) }

    public func hostStatus(_ name: String) -> HostStatus? { record(of: name).map(status) }

    /// The sessions with a seat on a host, unordered.
    public func sessions(on host: String) -> Set<SessionID> { record(of: host)?.usage.sessions ?? [] }

    private func status(_ host: HostRecord) -> HostStatus {
        let usage = host.usage
        return HostStatus(
            name: host.name, state: Self.state(of: host), notes: notes(on: host), duty: host.settings.host.duty,
            link: host.settings.host.link, isConfigured: host.settings.isConfigured, sessions: usage.sessions.count,
            starting: usage.starting, startsAllowed: host.startsAllowed, seats: usage.seats, slots: host.spec.slots,
            memoryUsedBytes: usage.memory,
            memoryLimitBytes: host.memoryLimit, warm: usage.warm.count, attachment: host.settings.attachment,
            isolation: host.settings.isolation,
            density: usage.isEmpty
                ? 0
                : HostRecord.density(
                    seats: usage.seats, slots: host.spec.slots, memory: usage.memory, memoryLimit: host.memoryLimit),
            drainDeadline: host.drainDeadline,
            origin: book.listed[host.name] == nil && book.added[host.name] != nil ? .runtime : .configuration,
            isAdjusted: book.adjustments[host.name] != nil, labels: host.spec.labels,
            engineID: book.engines[host.name], others: host.settings.others)
    }

    private static func state(of host: HostRecord) -> HostState {
        let state = host.settings.host.state
        guard state == .active else { return state }
        if !host.settings.isConfigured { return .cordoned }
        return host.isReachable && host.settings.isolation != .proved ? .inactive : state
    }

    private func notes(on host: HostRecord) -> [HostNote] {
        let leaving: HostNote? = book.added[host.name]?.isLeaving == true ? .removedWhenEmpty : nil
        return [Self.note(on: host), leaving, rollingNote(on: host), strainNote(on: host)].compactMap(\.self)
    }

    private static func note(on host: HostRecord) -> HostNote? {
        switch host.settings.host.link {
        case .silent(_, let reason): return .silent(reason: reason)
        case .duplicate(let other): return .sameEngine(as: other)
        case .unreachable(_, let reason): return .unreachable(reason: reason)
        case .reachable where host.settings.isLost: return .lostAnswers
        case .connecting: return host.settings.isConfigured ? .notAnsweredYet : .forgottenWhenEmpty
        case .reachable where !host.settings.isConfigured: return .forgottenWhenEmpty
        case .reachable: return note(on: host.settings.isolation)
        }
    }

    /// Why nothing can be held for a portal; `nil` if it is configured.
    public func problem(with portal: PortalID) -> BadTerms? { catalogue.problem(with: portal) }

    // MARK: The queue

    public var queueLength: Int { cohorts.count + queue.count }

    /// A queued session's position, from 1.
    public func queuePosition(of id: SessionID) -> Int? {
        guard let entry = entries[id], case .queued(let ticket, let reservation) = entry.standing else { return nil }
        if let reservation { return cohorts.position(of: ticket, in: .reservation(reservation)) }
        return queue.position(of: ticket, in: .portal(entry.learner.portal)).map { cohorts.count + $0 }
    }

    /// The estimated time until a queued or starting session is ready, from measured starts. `nil` if it would be a
    /// guess: no start has been measured yet, or the session waits for another to leave or for a host to return.
    public func estimate(of id: SessionID, at now: Timestamp) -> Duration? {
        guard let entry = entries[id], let mean = startTimes.mean else { return nil }
        switch entry.session.state {
        case .starting(_, _, let since):
            return max(.zero, mean - (now - since))
        case .queued:
            return waitingEstimate(of: entry, mean: mean, at: now)
        case .running, .ending, .parking, .parked, .ended, .failed:
            return nil
        }
    }

    private func waitingEstimate(of entry: Entry, mean: Duration, at now: Timestamp) -> Duration? {
        guard let lab = catalogue.labs[entry.session.lab], case .queued(let ticket, let reservation) = entry.standing
        else { return nil }
        let bound = boundHost(of: entry.learner, for: entry.session.lab)
        let position = bound == nil ? queuePosition(of: ticket.id) : boundPosition(of: entry, ticket)
        if reservation == nil, !hasQuota(for: lab) { return nil }
        let demand = reservation == nil ? demand(of: lab) : lab.demand
        var seats = reservation.flatMap { reservations[$0] }.map { $0.isDegraded ? 0 : Int.max } ?? 0
        var starts = 0
        for host in hosts
        where host.takesSeats && (reservation != nil || !host.settings.isStrained)
            && (bound == nil || host.name == bound) && host.spec.satisfies(lab.requires)
        {
            let taken = reservation == nil ? host.held.peak(from: now, to: now + demand.horizon) : .init()
            let slots = max(0, host.spec.slots - host.usage.seats - taken.seats)
            let memory = max(
                0, (host.memoryLimit - host.memoryTaken - taken.memory) / max(1, host.charge(demand)))
            let free = min(slots, Int(memory))
            seats = seats == .max ? .max : seats + free
            starts += min(host.startsAllowed, free + host.usage.starting)
        }
        guard let position, position <= seats, starts > 0 else { return nil }
        let rounds = (position + starts - 1) / starts
        // The starts in progress are on average half way through.
        return mean * rounds + mean / 2
    }

    /// The position among the waiting sessions whose files are on the same host.
    private func boundPosition(of entry: Entry, _ ticket: Queue.Ticket) -> Int? {
        guard entry.session.reservation == nil else { return queuePosition(of: ticket.id) }
        guard let own = queue.line(of: ticket.id),
            let place = queue.place(of: ticket, in: .portal(entry.learner.portal))
        else { return nil }
        return queue.lines.lazy.filter { $0.key.host == own.host }.reduce(1) { position, line in
            position
                + line.value.prefix { other in
                    queue.place(of: other, in: line.key.party).map { $0 < place } ?? false
                }.count
        }
    }

    // MARK: Reservations

    /// A reservation that is not over.
    public func reservation(_ id: ReservationID) -> Reservation? { reservations[id] }

    /// The terms of all booked reservations, unordered.
    public var reservationTerms: [ReservationTerms] { reservations.values.filter(\.isBooked).map(\.terms) }

    /// How many seats of a reservation learners have claimed.
    public func claimCount(of id: ReservationID) -> Int { claims[id]?.count ?? 0 }

    // MARK: Timeouts

    /// When a running session ends if it sees no further activity.
    public func idleEndsAt(_ id: SessionID) -> Timestamp? {
        guard let entry = entries[id], case .running = entry.session.state, let lab = lab(entry.session.lab) else {
            return nil
        }
        return idleEnd(of: entry, lab)
    }

    /// When a running session ends regardless of activity.
    public func lifetimeEndsAt(_ id: SessionID) -> Timestamp? {
        guard let entry = entries[id], case .running(_, _, let since) = entry.session.state,
            let lab = lab(entry.session.lab)
        else { return nil }
        return lifetimeEnd(of: entry, runningSince: since, lab)
    }
}
