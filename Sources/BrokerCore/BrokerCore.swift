import Identity

/// The control plane's decision core: sessions, hosts, placement, queue, idle policy, drain and reconciliation, as one
/// value.
///
/// Hand every event with its time to `handle`. It returns the actions to carry out; `pendingChanges` must be durable
/// first. Then call `confirm` and carry out the actions. If the commit fails, call `rollback` and drop the actions:
/// answer the requests of those events with the error, and hand in all other events again (or have every host listed
/// again). Several events may be handled before one commit.
///
/// Ended and failed sessions leave memory at `confirm`. Before a `launch`, `restart` or `end` that refers to one, load
/// it with `adopt`; otherwise a launch would create a second session for the same learner and lab.
///
/// A value without I/O, clock or randomness of its own: the same calls give the same results. Not thread-safe by
/// itself.
public struct BrokerCore: Sendable {
    /// The labs, pools and policies from the configuration.
    struct Catalogue: Sendable {
        /// Until the first `configure`, nothing is placed and nothing is judged to be missing.
        var isConfigured = false
        var labs: [LabKey: Lab] = [:]
        /// Labs that were removed while sessions of them ran; those sessions keep their old terms.
        var retired: [LabKey: Lab] = [:]
        /// The share of each host that is never reserved, in percent.
        var freeFloorPercent = 0
        var pools: [LabKey: PoolSpec] = [:]
        var density = Density()
        /// The configured portals; `nil` accepts every portal, without a quota.
        var portals: [PortalID: PortalSpec]?

        func knows(_ portal: PortalID) -> Bool { portals.map { $0[portal] != nil } ?? true }

        /// Why nothing can be held for a portal; `nil` if it is configured.
        func problem(with portal: PortalID) -> BadTerms? {
            guard let portals, portals[portal] == nil else { return nil }
            return .unknownPortal(portal, known: portals.keys.sorted())
        }

        /// A lab that its portal offers.
        func offered(_ key: LabKey) -> Lab? { knows(key.portal) ? labs[key] : nil }

        /// A lab as configured; if it was removed, as its running sessions know it.
        func lab(_ key: LabKey) -> Lab? { labs[key] ?? retired[key] }
    }

    let sharedHomes: Bool

    // The records. A rollback restores every record that was touched; see Journal.swift.
    var catalogue = Catalogue()
    var book = HostBook()
    /// The rolling drain in progress, if any.
    public internal(set) var rolling: RollingDrain?
    var entries: [SessionID: Entry] = [:]
    /// Sorted by name.
    var hosts: [HostRecord] = []
    var leftovers: [Run: Leftover] = [:]
    /// Without shared homes: the host that holds a learner's home.
    var homes: [LearnerKey: String] = [:]
    /// Stored duties of hosts that are not in `hosts`; they apply again when the host returns.
    var spareDuties: [String: HostDuty] = [:]
    var startTimes = StartTimes()
    var warm = WarmSeats()
    /// Reservations that are not over.
    var reservations: [ReservationID: Reservation] = [:]
    /// The learners who have claimed a seat of each reservation.
    var claims: [ReservationID: Set<String>] = [:]
    var measured = MeasuredUse()

    // Derived from the records; see BrokerCore+Records.swift.
    var hostIndex: [String: Int] = [:]
    var sessionsOf: [LearnerKey: [LabKey: SessionID]] = [:]
    /// What each portal's sessions use; no value is zero.
    var portalUse: [PortalID: PortalUse] = [:]
    var queue = Queue()
    /// Sessions that wait for a reserved seat. Reservations take turns, and all of them come before `queue`.
    var cohorts = Queue()
    var seating = Seating()
    /// Stays on the hosts where none has changed since they were last computed; see Outlook.swift.
    var knownStays: [String: Stays] = [:]
    /// When the passage of time next changes what reservations hold.
    var reservationsDue: Timestamp?
    var order = HostOrder()
    /// The set of hosts or the sizes of labs differ from those that `order` was built for.
    var isOrderOld = true
    /// The time of the last event.
    var lastEventAt: Timestamp?
    /// The logical clock: the number of events handled so far, including those of steps that were rolled back. Requests
    /// to a host carry it, so that an answer older than the state it would be compared with is recognised, whatever the
    /// wall clock does.
    public private(set) var eventCount = 0
    /// How many leftovers must be removed before a queued session may start again.
    var gates: [SessionID: Int] = [:]
    /// Number of parked sessions, at most `parkingPlaces`; a session that finds no place is ended instead.
    var parkedCount = 0
    var parkingPlaces = Limits.parkedSessions
    var alarms = Alarms()

    var journal = Journal()
    var step = Step()
    /// Placements that violated a rule; non-empty only if this module has a bug.
    var breaches: [String] = []

    /// The output of one call of `handle`.
    struct Step {
        var actions: [Action] = []
        var answers: [Action] = []
        var changed: [SessionID] = []
        var changedSet: Set<SessionID> = []
        /// Hosts whose seats or settings were written: they may be gone, drained, or ready to be forgotten.
        var touchedHosts: Set<String> = []
        /// A seat or a start was freed, or a host or waiting session is new: placement must run.
        var mayPlace = false
        /// Hosts or reservations were added, removed or changed: the promises on each host must be recomputed.
        var mayPromise = false
        /// The next time that matters to reservations must be recomputed.
        var changesReservations = false
    }

    /// - Parameter sharedHomes: every host sees the same homes. Otherwise a learner's home is on the host on which a
    ///   lab of theirs first became ready, and their labs start only there.
    public init(sharedHomes: Bool) {
        self.sharedHomes = sharedHomes
    }

    /// Applies an event and decides what to do. The actions may be carried out once `pendingChanges` are committed.
    public mutating func handle(_ event: Event, at now: Timestamp) -> [Action] {
        noteTime(now)
        settleReservations(at: now)
        dispatch(event, at: now)
        // A new configuration may change which times matter.
        settleReservations(at: now)
        settleGoneHosts(at: now)
        advanceRollingDrain(at: now)
        var known: Int
        repeat {
            placeEverybody(at: now)
            known = hosts.count
            settleEmptyHosts()
            // Another host's turn in the rolling drain, or a placement, may have waited for a host that is now
            // forgotten.
        } while advanceRollingDrain(at: now) || hosts.count < known
        if step.changesReservations { scheduleReservations(at: now) }
        settleAlarms()
        return takeActions()
    }

    /// Runs promises, placement and warm-up with the current hosts and waiting sessions.
    private mutating func placeEverybody(at now: Timestamp) {
        if step.mayPromise { promiseSeats(at: now) }
        guard step.mayPlace else { return }
        trimWarmSeats(at: now)
        // Warm seats can belong to a reservation, so giving some up may change what can be promised.
        if step.mayPromise { promiseSeats(at: now) }
        placeWaiting(at: now)
        let lastWarm = warm.lastNumber
        // Reservations come first: the starts that they use are not available to waiting sessions.
        warmUpReservations(at: now)
        // A seat given up while it was starting frees its start at once, possibly for a session other than the one it
        // was given up for, so placement runs again.
        while yieldWarmSeats(at: now) { placeWaiting(at: now) }
        fillPools(at: now)
        // A fuller host, or one with other promises, may now be held for a different session. Each further round has
        // placed at least one session.
        if warm.lastNumber != lastWarm { placeWaiting(at: now) }
        while step.mayPromise {
            promiseSeats(at: now)
            placeWaiting(at: now)
        }
    }

    /// If the clock was set back, times that matter to reservations are in the future again.
    private mutating func noteTime(_ now: Timestamp) {
        if let lastEventAt, now < lastEventAt, !reservations.isEmpty {
            journal.keep(reservationsDue: reservationsDue)
            reservationsDue = now
        }
        lastEventAt = now
        eventCount += 1
    }

    /// The time at which the next `tick` is due; `nil` if nothing is waiting for time to pass.
    public var nextDeadline: Timestamp? {
        guard let alarm = alarms.earliest, let due = reservationsDue else { return alarms.earliest ?? reservationsDue }
        return min(alarm, due)
    }

    private mutating func dispatch(_ event: Event, at now: Timestamp) {
        switch event {
        case .launch(let learner, let lab, let context, let newID, let request):
            answer(request, launch(learner, lab: lab, context: context, newID: newID, at: now))
        case .restart(let id, let request):
            answer(request, restart(id, at: now))
        case .end(let id, let reason, let request):
            answer(request, end(id, reason: reason, at: now))
        case .announceEnd(let id, let end, let request):
            answer(request, announceEnd(id, end, at: now))
        case .cancelEnd(let id, let request):
            answer(request, cancelEnd(id, at: now))
        case .resume(let id, let request):
            answer(request, resume(id, at: now))
        case .remark(let ids, let words):
            for session in ids.compactMap({ entries[$0]?.session }) {
                note(session, at: now, host: session.state.host, reason: .remark(words))
            }
        case .park(let id, let note, let request):
            answer(request, park(id, note: note, at: now))
        case .leaveQueue(let id, let request):
            answer(request, leaveQueue(id, at: now))
        case .keep(let id, let request):
            answer(request, keep(id, at: now))
        case .extend(let id, let more, let request):
            answer(request, extend(id, more, at: now))
        case .reserve(let terms, let newID, let request):
            answer(request, reserve(terms, newID: newID, at: now))
        case .book(let booking, let request):
            answer(request, book(booking, at: now))
        case .retime(let changes, let request):
            answer(request, retime(changes, at: now))
        case .cancelReservation(let id, let request):
            answer(request, cancelReservation(id, at: now))
        case .cancelSeries(let series, let request):
            answer(request, cancelSeries(series, at: now))
        case .cordon(let host, let request):
            answer(request, cordon(host))
        case .uncordon(let host, let request):
            answer(request, uncordon(host, at: now))
        case .drain(let host, let deadline, let request):
            answer(request, drain(host, deadline: deadline, at: now))
        case .rollingDrain(let hosts, let maximumUnavailable, let span, let request):
            answer(
                request, beginRollingDrain(of: hosts, maximumUnavailable: maximumUnavailable, span: span, at: now))
        case .declareLost(let host, let request):
            answer(request, declareLost(host, at: now))
        case .setPool(let spec, let request):
            answer(request, setPool(spec))
        case .resetPool(let key, let request):
            answer(request, resetPool(key))
        case .addHost(let entry, let engineID, let request):
            answer(request, addHost(entry, engineID: engineID, at: now))
        case .removeHost(let host, let isDraining, let deadline, let request):
            answer(request, removeHost(host, draining: isDraining, deadline: deadline, at: now))
        case .adjustHost(let host, let change, let startingOver, let request):
            answer(request, adjustHost(host, to: change, startingOver: startingOver, at: now))
        case .configure(let labs, let hosts, let freeFloorPercent, let pools, let density, let portals):
            configure(
                labs: labs, hosts: hosts, freeFloorPercent: freeFloorPercent, pools: pools, density: density,
                portals: portals, at: now)
        case .usageSampled(let host, let samples):
            usageSampled(host, samples, at: now)
        case .hostProbed(let host, let attachment):
            hostProbed(host, attachment)
        case .hostTried(let host, let isolation, let mark):
            hostTried(host, isolation, mark: mark, at: now)
        case .hostListed(let host, let containers, let asked, let facts):
            hostListed(host, containers: containers, asked: asked, facts: facts, at: now)
        case .hostSilent(let host, let reason, let silentFor):
            hostSilent(host, reason: reason, since: now - silentFor, at: now)
        case .containerCreated(let id, let epoch):
            if let warm = warmEntry(id) { return warmAdvances(warm, to: .starting) }
            advance(id, epoch: epoch, to: .starting, at: now)
        case .containerStarted(let id, let epoch, _):
            if let warm = warmEntry(id) { return warmAdvances(warm, to: .waiting) }
            advance(id, epoch: epoch, to: .waiting, at: now)
        case .labReady(let id, let epoch, let endpoint):
            if let warm = warmEntry(id) { return warmIsReady(warm, endpoint, at: now) }
            labReady(id, epoch: epoch, endpoint: endpoint, at: now)
        case .startFailed(let id, let epoch, let failure):
            if let warm = warmEntry(id) { return warmFailed(warm, failure, at: now) }
            startFailed(id, epoch: epoch, failure, at: now)
        case .containerExited(let id, let epoch, let code, let outOfMemory):
            containerExited(id, epoch: epoch, code: code, outOfMemory: outOfMemory, at: now)
        case .homeLost(let id, let epoch, let asked):
            homeLost(id, epoch: epoch, asked: asked, at: now)
        case .attachmentFailed(let id, let epoch, let message):
            attachmentFailed(id, epoch: epoch, message: message, at: now)
        case .processKilled(let id, let epoch):
            processKilled(id, epoch: epoch, at: now)
        case .containerRemoved(let id, let epoch):
            containerRemoved(id, epoch: epoch, at: now)
        case .removeFailed(let id, let epoch, let message):
            removeFailed(id, epoch: epoch, message: message, at: now)
        case .activity(let moments):
            noteActivity(moments, at: now)
        case .labReported(let id, let epoch, let report):
            labReported(id, epoch: epoch, report, at: now)
        case .clockJumped(let jump):
            clockJumped(by: jump, at: now)
        case .tick:
            tick(at: now)
        }
    }

    private mutating func tick(at now: Timestamp) {
        let due = alarms.takeDue(at: now)
        for key in due {
            if let time = deadline(of: key), time <= now {
                switch key {
                case .host(let name): lookAtHost(name, at: now)
                case .pool(let pool): poolIsDue(pool, at: now)
                case .removal(let run): retryRemoval(run)
                case .session(let id): lookAt(id, at: now)
                }
            }
            if let time = deadline(of: key) { alarms.ensure(key, by: time) }
        }
    }

    /// The actual deadline, from the records.
    func deadline(of key: Alarms.Key) -> Timestamp? {
        switch key {
        case .host(let name): record(of: name)?.wake
        case .pool(let pool): poolDeadline(pool)
        case .removal(let run): leftovers[run]?.retryAt
        case .session(let id): entries[id]?.wake
        }
    }

    /// Postpones hints until the earliest one is accurate, so that `nextDeadline` is too.
    mutating func settleAlarms() {
        while let hint = alarms.first() {
            let time = deadline(of: hint.key)
            if let time, time <= hint.time { return }
            alarms.postponeFirst(to: time)
        }
    }

    // MARK: What a step collects

    mutating func emit(_ action: Action) { step.actions.append(action) }

    mutating func markChanged(_ id: SessionID) {
        if step.changedSet.insert(id).inserted { step.changed.append(id) }
    }

    private mutating func answer(_ request: RequestID, _ answer: Answer) {
        step.answers.append(.answer(request, answer))
    }

    /// Actions on engines and the edge first, then the answers, then the notifications to watchers.
    private mutating func takeActions() -> [Action] {
        var actions = step.actions + step.answers
        actions += step.changed.map { .changed($0) }
        // The general queue comes after sessions with a reservation, so their moves change its positions too.
        if queue.hasMoved || cohorts.hasMoved { actions.append(.queueMoved) }
        queue.hasMoved = false
        cohorts.hasMoved = false
        step = Step()
        return actions
    }
}
