import Identity

/// Reachability of hosts, and reconciling sessions with the containers found on them.
extension BrokerCore {
    /// Whether a host is unreachable and neither the configuration nor the operator expects it back. Nothing waits for
    /// such a host.
    func isGone(_ host: HostRecord) -> Bool {
        catalogue.isConfigured && !host.isReachable && (!host.settings.isConfigured || host.settings.isLost)
    }

    /// The engine stopped answering. During the silence grace nothing is given up, because it may return in a moment. A
    /// host that has not answered since this process began gets no grace.
    ///
    /// - Parameter since: its last answer.
    mutating func hostSilent(_ name: String, reason: String, since: Timestamp, at now: Timestamp) {
        guard var settings = record(of: name)?.settings else { return }
        switch settings.host.link {
        case .silent, .unreachable, .duplicate: return
        case .connecting: return becomeUnreachable(name, since: now, reason: reason, at: now)
        case .reachable: settings.host.link = .silent(since: since, reason: reason)
        }
        setHost(name, settings)
    }

    /// The silence grace has passed. Running labs are left as they are; sessions that were starting there return to the
    /// queue.
    mutating func becomeUnreachable(_ name: String, since: Timestamp, reason: String, at now: Timestamp) {
        giveUpStarts(
            on: name, link: .unreachable(since: since, reason: reason),
            because: .hostSilent(name, reason: reason), at: now)
        tellThose(on: name)
    }

    /// Notifies watchers of the running labs on a host that it became unreachable or reachable.
    private mutating func tellThose(on name: String) {
        for id in (record(of: name)?.usage.sessions ?? []).sorted() {
            if case .running? = entries[id]?.session.state { markChanged(id) }
        }
    }

    mutating func giveUpStarts(on name: String, link: HostLink, because setback: Setback, at now: Timestamp) {
        guard let host = record(of: name) else { return }
        var settings = host.settings
        settings.host.link = link
        setHost(name, settings)
        detourStarts(on: host, because: setback, at: now)
    }

    /// Sends the starts in progress on a host elsewhere.
    mutating func detourStarts(on host: HostRecord, because setback: Setback, at now: Timestamp) {
        for id in host.usage.sessions.sorted() {
            guard let entry = entries[id], case .starting = entry.session.state else { continue }
            detour(entry, because: setback, leavingOn: host.name, at: now)
        }
    }

    mutating func hostProbed(_ name: String, _ attachment: HomeAttachment) {
        guard var settings = record(of: name)?.settings else { return }
        settings.attachment = attachment
        setHost(name, settings)
    }

    /// Before placement, ends waiting for hosts that are gone, which would never finish.
    mutating func settleGoneHosts(at now: Timestamp) {
        for name in step.touchedHosts.sorted() { settleIfGone(name, at: now) }
    }

    private mutating func settleIfGone(_ name: String, at now: Timestamp) {
        guard let host = record(of: name), isGone(host) else { return }
        for id in host.usage.sessions.sorted() {
            guard let entry = entries[id] else { continue }
            switch entry.session.state {
            case .starting:
                let setback: Setback = host.settings.isLost ? .hostLost(name) : .hostRemoved(name)
                detour(entry, because: setback, leavingOn: name, at: now)
            case .ending, .parking:
                finish(entry, at: now)
            case .queued, .running, .parked, .ended, .failed:
                break
            }
        }
        for run in host.usage.leftovers.sorted() { setLeftover(run, nil) }
    }

    /// Reconciles sessions, warm seats and leftovers with a complete listing of our containers on a host.
    mutating func hostListed(
        _ name: String, containers: [ObservedContainer], asked: Int, facts: HostFacts, at now: Timestamp
    ) {
        guard let host = record(of: name) else { return }
        if let id = facts.engineID {
            if let owner = owner(ofEngine: id, besides: name) { return becomeDuplicate(name, of: owner, at: now) }
            setEngine(id, of: name)
        }
        let isBack = !host.isReachable
        if case .unreachable = host.settings.host.link { tellThose(on: name) }
        var settings = host.settings
        settings.host.link = .reachable
        settings.others = facts.others
        settings.images = facts.images
        settings.isolation = facts.isolation
        settings.lackingLabs = []
        setHost(name, settings)
        // Sessions that were in the way of a degraded reservation may have ended since.
        if reservations.values.contains(where: \.isDegraded) { step.mayPromise = true }

        var listed: [Run: ObservedContainer] = [:]
        for container in containers {
            let run = Run(session: container.session, epoch: container.epoch)
            let (owner, _) = owner(of: run.session, epoch: run.epoch)
            let isExpected =
                host.usage.leftovers.contains(run)
                || (host.usage.sessions.contains(owner) && entries[owner]?.container == run)
                || host.usage.warm.contains { $0.run == run.session && run.epoch == 0 }
            if isExpected, listed[run] == nil {
                listed[run] = container
            } else {
                emit(.removeOrphan(host: name, containerID: container.containerID))
            }
        }
        for id in host.usage.sessions.sorted() {
            guard let entry = entries[id] else { continue }
            reconcile(entry, with: listed[entry.container], on: name, isBack: isBack, asked: asked, at: now)
        }
        for id in host.usage.warm.sorted() {
            guard let entry = warm[id] else { continue }
            reconcile(warm: entry, with: listed[entry.run], asked: asked, at: now)
        }
        for run in host.usage.leftovers.sorted() { retryRemoval(run) }
    }

    private mutating func reconcile(
        _ old: Entry, with container: ObservedContainer?, on host: String, isBack: Bool, asked: Int,
        at now: Timestamp
    ) {
        var entry = old
        let (id, epoch) = (entry.session.id, entry.session.epoch)
        switch entry.session.state {
        case .starting:
            if isProved(host) { emit(.start(id, epoch: epoch, host: host)) }
        case .ending, .parking:
            retryRemoval(of: entry, on: host)
        case .running(_, let endpoint, let since):
            if isBack {
                entry.inquiry = .none
                entry.idleNotBefore = now + returnGrace(of: entry)
            }
            entry.wake = nextLook(at: entry, runningSince: since, on: host)
            set(entry, unlessStill: old)
            // The listing may have been requested before this run became ready. This applies even to the first listing
            // after the host was lost.
            let isBelievable = asked >= entry.readyAt
            guard let container else {
                if isBelievable { beginEnding(entry, reason: .vanished(host: host), at: now) }
                return
            }
            guard container.isRunning else {
                let reason =
                    container.wentWithEngine
                    ? EndReason.engineRestarted(host: host)
                    : .exited(code: container.exitCode ?? -1, outOfMemory: container.outOfMemory)
                if isBelievable { beginEnding(entry, reason: reason, at: now) }
                return
            }
            if isBelievable, let found = container.endpoint, found != endpoint {
                entry.session.state = .running(host: host, endpoint: found, since: since)
                store(entry)
                note(entry.session, at: now, host: host, reason: .containerMoved(found))
                emit(.publishRoute(id, epoch: epoch, found))
            }
        case .queued, .parked, .ended, .failed:
            break
        }
    }

    /// Takes over the state that an earlier broker left. Call it before the first event; it may come before or after
    /// the first `configure`.
    ///
    /// Routes of running sessions are published at once. Starts and removals continue when their host is listed; queued
    /// sessions keep their position.
    ///
    /// - Parameters:
    ///   - sessions: those that are not over.
    ///   - duties: of all hosts that ever had one, including hosts that are no longer configured.
    ///   - homes: without shared homes, the host of each learner's home.
    ///   - reservations: those that are booked or closed.
    ///   - claims: to seats of these reservations.
    ///   - warm: seats that have not been claimed, with `lastWarmNumber`, the last number assigned to any.
    ///   - pools: overrides set by operators.
    ///   - stored: hosts that operators added or changed.
    ///   - profiles: usage profiles of labs.
    public mutating func restore(
        sessions: [Session], duties: [String: HostDuty], homes: [HomeLocation], reservations: [Reservation] = [],
        claims: [Claim] = [], warm: [WarmSeat] = [], lastWarmNumber: Int64 = 0, pools: [PoolSpec] = [],
        hosts stored: StoredHosts = StoredHosts(), profiles: [LabKey: UsageProfile] = [:], at now: Timestamp
    ) -> [Action] {
        journal.isIdle = true
        measured.profiles = profiles
        settleCharges()
        for entry in stored.entries { book.added[entry.spec.name] = entry }
        book.adjustments = stored.adjustments
        book.engines = stored.engines
        book.proofs = stored.proofs
        rolling = stored.rollingDrain
        for reservation in reservations where [.booked, .closed].contains(reservation.phase) {
            setReservation(reservation.id, reservation)
        }
        for claim in claims where self.reservations[claim.reservation] != nil {
            setClaim(true, of: claim.learner, on: claim.reservation)
        }
        if catalogue.isConfigured, !self.reservations.isEmpty { reservationsDue = now }
        // The configuration's hosts may exist already, without the operators' changes.
        if catalogue.isConfigured {
            for name in book.names.sorted() { configureHost(name, book.spec(of: name)) }
        }
        for (name, duty) in duties {
            if var settings = record(of: name)?.settings {
                settings.host.duty = duty
                setHost(name, settings)
            } else {
                setSpareDuty(duty, of: name)
            }
        }
        if !sharedHomes {
            for home in homes { setHome(home.host, of: LearnerKey(portal: home.portal, id: home.learner)) }
        }
        entries.reserveCapacity(sessions.count)
        sessionsOf.reserveCapacity(sessions.count)
        for session in sessions.sorted(by: { $0.id < $1.id }) { restore(session, at: now) }
        self.warm.lastNumber = lastWarmNumber
        for seat in warm { restore(seat) }
        for spec in pools { setPoolOverride(spec, of: spec.key) }
        journal = Journal()
        if catalogue.isConfigured { forgetListedEntries() }
        settleAlarms()
        step = Step()
        // Left for the first event to process.
        step.mayPlace = true
        step.mayPromise = true
        step.touchedHosts = Set(hosts.map(\.name))
        lookAtRollingDrain()
        queue.hasMoved = false
        cohorts.hasMoved = false
        return sessions.sorted { $0.id < $1.id }.compactMap { session in
            guard case .running(_, let endpoint, _) = session.state else { return nil }
            return .publishRoute(session.id, epoch: session.epoch, endpoint)
        }
    }

    private mutating func restore(_ session: Session, at now: Timestamp) {
        guard !session.state.isOver else { return }
        var session = session
        // The clock may have been set back during downtime: a time in the future is no evidence of use.
        session.lastActivityAt = min(session.lastActivityAt, now)
        var entry = Entry(session)
        if let host = session.state.host {
            ensureHost(host)
            if entry.seatMemory == 0 { entry.seatMemory = lab(session.lab)?.memoryBytes ?? 0 }
            if case .running(_, _, let since) = session.state {
                entry.idleNotBefore = now + returnGrace(of: entry)
                entry.wake = nextLook(at: entry, runningSince: since, on: host)
            }
        }
        if case .parked(_, let since) = session.state { entry.wake = parkedEnd(of: entry, since: since) }
        set(session.id, entry)
    }

    private mutating func restore(_ seat: WarmSeat) {
        ensureHost(seat.host)
        var entry = WarmEntry(seat: seat)
        if entry.memory == 0 { entry.memory = lab(seat.pool)?.memoryBytes ?? 0 }
        setWarm(seat.id, entry)
    }

    /// Adds a host that stored state refers to. Whether it is still configured is not known yet.
    private mutating func ensureHost(_ host: String) {
        guard record(of: host) == nil else { return }
        let spec = HostSpec(name: host, slots: 0, memoryBytes: 0, overcommit: 1, maximumStarts: 0)
        setHost(
            host,
            HostRecord.Settings(host: Host(spec: spec, duty: spareDuties[host] ?? .active), isConfigured: false))
        setSpareDuty(nil, of: host)
    }
}

/// Without shared homes: the host of a learner's home.
public struct HomeLocation: Hashable, Sendable {
    public var portal: PortalID
    /// The learner's id in that portal.
    public var learner: String
    public var host: String

    public init(portal: PortalID, learner: String, host: String) {
        self.portal = portal
        self.learner = learner
        self.host = host
    }
}
