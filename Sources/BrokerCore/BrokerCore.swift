/// The broker's mind: sessions, hosts, placement, queue, idle policy, drain and reconciliation, as one value.
///
/// Hand every event with its time to `handle`. It returns what to do; `pendingChanges` is what must be on disk first.
/// Then `confirm`, and carry the actions out. If the commit failed, `rollback` and drop the actions: answer the
/// requests of those events with the error, and hand in all other events again (or have every host listed again).
/// Several events may be handled before one commit.
///
/// Ended and failed sessions leave the memory at `confirm`. Before a `launch`, `restart` or `end` that means one, give
/// it back with `adopt`; otherwise a launch would make a second session for the same learner and lab.
///
/// A value without I/O, clock or randomness of its own; equal calls give equal results. Not thread-safe by itself.
public struct BrokerCore: Sendable {
    /// What the configuration says of labs.
    struct Catalogue: Sendable {
        /// No placement, and no judgement about what is missing, before the first `configure`.
        var isConfigured = false
        var labs: [String: Lab] = [:]
        /// Labs that were taken out while sessions of them ran: these go on under their old terms.
        var retired: [String: Lab] = [:]
        /// The share of each host that is never reserved, in percent.
        var freeFloorPercent = 0
        var pools: [PoolKey: PoolSpec] = [:]
        var density = Density()
        /// `nil`: all that anybody names.
        var portals: Set<String>?

        func knows(portal: String) -> Bool { portals?.contains(portal) ?? true }

        func problem(withPortal portal: String) -> String? {
            guard let portals, !portals.contains(portal) else { return nil }
            return "The configuration has no portal \(portal), only \(portals.sorted().joined(separator: ", ")); "
                + "nothing is held for it."
        }

        /// A lab that the portal offers.
        func offered(_ lab: String, by portal: String) -> Lab? { knows(portal: portal) ? labs[lab] : nil }

        /// A lab as it is listed; if it was taken out, as its running sessions know it.
        func lab(_ name: String) -> Lab? { labs[name] ?? retired[name] }
    }

    let sharedHomes: Bool

    // The records. A rollback restores each that was touched; see Journal.swift.
    var catalogue = Catalogue()
    var book = HostBook()
    /// Under way, if any.
    public internal(set) var rolling: RollingDrain?
    var entries: [SessionID: Entry] = [:]
    /// Sorted by name.
    var hosts: [HostRecord] = []
    var leftovers: [Run: Leftover] = [:]
    /// Without shared homes: the host that holds a learner's home.
    var homes: [LearnerKey: String] = [:]
    /// Stored duties of hosts that are not in `hosts`: they hold again when the host comes back.
    var spareDuties: [String: HostDuty] = [:]
    var startTimes = StartTimes()
    var warm = WarmSeats()
    /// Those that are not over.
    var reservations: [ReservationID: Reservation] = [:]
    /// The learners who have claimed a seat of them.
    var claims: [ReservationID: Set<String>] = [:]
    var measured = MeasuredUse()

    // What follows from the records; see BrokerCore+Records.swift.
    var hostIndex: [String: Int] = [:]
    var sessionsOf: [LearnerKey: [String: SessionID]] = [:]
    var queue = Queue()
    /// Those who wait for a seat of a reservation, which take turns; they are before everybody else.
    var cohorts = Queue()
    var seating = Seating()
    /// The stays on hosts where none has changed since they were last computed; see Outlook.swift.
    var knownStays: [String: Stays] = [:]
    /// When time next changes what a reservation holds.
    var reservationsDue: Timestamp?
    var order = HostOrder()
    /// Other hosts than `order` knows, or labs of other sizes.
    var isOrderOld = true
    /// The time of the last event.
    var lastEventAt: Timestamp?
    /// How many events were handed in so far, those of steps that were rolled back too: what is asked of a host bears
    /// it, so that an answer that is older than what it would be held against is known as such, whatever the clock does.
    public private(set) var eventCount = 0
    /// How many leftovers a queued session must see removed before it may start again.
    var gates: [SessionID: Int] = [:]
    /// How many sessions are parked. There are `parkingPlaces` of them; a session that finds none is ended instead.
    var parkedCount = 0
    var parkingPlaces = Limits.parkedSessions
    var alarms = Alarms()

    var journal = Journal()
    var step = Step()
    /// Placements that broke a rule; always empty unless there is a mistake in this room.
    var breaches: [String] = []

    /// What one call of `handle` collects.
    struct Step {
        var actions: [Action] = []
        var answers: [Action] = []
        var changed: [SessionID] = []
        var changedSet: Set<SessionID> = []
        /// Hosts whose seats or settings were written: perhaps they are gone, drained, or can be forgotten.
        var touchedHosts: Set<String> = []
        /// A seat, a start, a host or a waiting session is new: placement must look.
        var mayPlace = false
        /// Hosts or reservations came, went or changed: what is promised on which host must be worked out again.
        var mayPromise = false
        /// When time next matters to reservations must be found out again.
        var changesReservations = false
    }

    /// - Parameter sharedHomes: every host sees the same homes. Otherwise a learner's home is on the host on which a
    ///   lab of theirs first became ready, and their labs start there only.
    public init(sharedHomes: Bool) {
        self.sharedHomes = sharedHomes
    }

    /// Take in what happened, and decide. The actions may be carried out once `pendingChanges` are committed.
    public mutating func handle(_ event: Event, at now: Timestamp) -> [Action] {
        noteTime(now)
        settleReservations(at: now)
        dispatch(event, at: now)
        // A new configuration may make other moments matter.
        settleReservations(at: now)
        settleGoneHosts(at: now)
        advanceRollingDrain(at: now)
        var known: Int
        repeat {
            placeEverybody(at: now)
            known = hosts.count
            settleEmptyHosts()
            // Another host's turn, or somebody's placement, may have waited for a host that is now forgotten.
        } while advanceRollingDrain(at: now) || hosts.count < known
        if step.changesReservations { scheduleReservations(at: now) }
        settleAlarms()
        return takeActions()
    }

    /// Promises, people, warm seats: what hosts and those who wait make possible.
    private mutating func placeEverybody(at now: Timestamp) {
        if step.mayPromise { promiseSeats(at: now) }
        guard step.mayPlace else { return }
        trimWarmSeats(at: now)
        // Warm seats are seats of their reservation, too: what is given up may change what can be promised.
        if step.mayPromise { promiseSeats(at: now) }
        placeWaiting(at: now)
        let lastWarm = warm.lastNumber
        // What is reserved first: a start that it takes is not one that those who wait could be given.
        warmUpReservations(at: now)
        // A seat that was still on its way up leaves its start to somebody at once, and that may be somebody else than who
        // it was given up for: then once more.
        while yieldWarmSeats(at: now) { placeWaiting(at: now) }
        fillPools(at: now)
        // A host that is fuller, or has other promises, may be kept for somebody else than before. Each further round
        // has seated somebody.
        if warm.lastNumber != lastWarm { placeWaiting(at: now) }
        while step.mayPromise {
            promiseSeats(at: now)
            placeWaiting(at: now)
        }
    }

    /// Where the clock was set back, moments that matter to reservations are ahead once more.
    private mutating func noteTime(_ now: Timestamp) {
        if let lastEventAt, now < lastEventAt, !reservations.isEmpty {
            journal.keep(reservationsDue: reservationsDue)
            reservationsDue = now
        }
        lastEventAt = now
        eventCount += 1
    }

    /// The moment at which a `tick` is due; `nil` while nothing waits for time to pass.
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
                note(session, at: now, host: session.state.host, reason: words)
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
        case .homeLost(let id, let epoch):
            homeLost(id, epoch: epoch, at: now)
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

    /// The truth behind the alarms.
    func deadline(of key: Alarms.Key) -> Timestamp? {
        switch key {
        case .host(let name): record(of: name)?.wake
        case .pool(let pool): poolDeadline(pool)
        case .removal(let run): leftovers[run]?.retryAt
        case .session(let id): entries[id]?.wake
        }
    }

    /// Postpone hints until the earliest one is true, so that `nextDeadline` is.
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

    /// First what engines and edge must do, then the answers, then what watchers may look at.
    private mutating func takeActions() -> [Action] {
        var actions = step.actions + step.answers
        actions += step.changed.map { .changed($0) }
        // Who waits in the general queue comes after those with a reservation.
        if queue.hasMoved || cohorts.hasMoved { actions.append(.queueMoved) }
        queue.hasMoved = false
        cohorts.hasMoved = false
        step = Step()
        return actions
    }
}
