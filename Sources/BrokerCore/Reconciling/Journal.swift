import Identity

/// An undo log of the steps since the last `confirm`, with the changes to commit: undoing a failed commit costs as much
/// as was touched, however many sessions there are.
struct Journal: Sendable {
    var changes: [Change] = []
    /// Whether nothing needs to be saved: state that a restart restores is on disk already.
    var isIdle = false
    // The previous value of every touched record; an inner `nil` means that it did not exist.
    private(set) var sessions: [SessionID: Entry?] = [:]
    private(set) var hosts: [String: HostRecord.Settings?] = [:]
    private(set) var leftovers: [Run: Leftover?] = [:]
    private(set) var homes: [LearnerKey: String?] = [:]
    private(set) var spareDuties: [String: HostDuty?] = [:]
    private(set) var catalogue: BrokerCore.Catalogue?
    private(set) var book: HostBook?
    private(set) var rolling: RollingDrain??
    private(set) var startTimes: StartTimes?
    private(set) var turns: Queue.Turns?
    private(set) var cohortTurns: Queue.Turns?
    private(set) var reservations: [ReservationID: Reservation?] = [:]
    private(set) var claims: [Claim: Bool] = [:]
    private(set) var reservationsDue: Timestamp??
    private(set) var warm: [WarmSeatID: WarmEntry?] = [:]
    private(set) var poolOverrides: [LabKey: PoolSpec?] = [:]
    /// Ended sessions that `adopt` loaded into memory.
    var adopted: Set<SessionID> = []

    // Only the first value since the last `confirm` is kept.
    mutating func keep(_ entry: Entry?, of id: SessionID) {
        if !isIdle, sessions[id] == nil { sessions.updateValue(entry, forKey: id) }
    }
    mutating func keep(_ settings: HostRecord.Settings?, of host: String) {
        if hosts[host] == nil { hosts.updateValue(settings, forKey: host) }
    }
    mutating func keep(_ leftover: Leftover?, of run: Run) {
        if leftovers[run] == nil { leftovers.updateValue(leftover, forKey: run) }
    }
    mutating func keep(home: String?, of learner: LearnerKey) {
        if homes[learner] == nil { homes.updateValue(home, forKey: learner) }
    }
    mutating func keep(spareDuty: HostDuty?, of host: String) {
        if spareDuties[host] == nil { spareDuties.updateValue(spareDuty, forKey: host) }
    }
    mutating func keep(_ book: HostBook) {
        if self.book == nil { self.book = book }
    }
    mutating func keep(rolling: RollingDrain?) {
        if self.rolling == nil { self.rolling = .some(rolling) }
    }
    mutating func keep(_ catalogue: BrokerCore.Catalogue) {
        if self.catalogue == nil { self.catalogue = catalogue }
    }
    mutating func keep(turns: Queue.Turns) {
        if self.turns == nil { self.turns = turns }
    }
    mutating func keep(cohortTurns: Queue.Turns) {
        if self.cohortTurns == nil { self.cohortTurns = cohortTurns }
    }
    mutating func keep(_ reservation: Reservation?, of id: ReservationID) {
        if reservations[id] == nil { reservations.updateValue(reservation, forKey: id) }
    }
    mutating func keep(claim: Claim, _ isClaimed: Bool) {
        if claims[claim] == nil { claims[claim] = isClaimed }
    }
    mutating func keep(reservationsDue: Timestamp?) {
        if self.reservationsDue == nil { self.reservationsDue = .some(reservationsDue) }
    }
    mutating func keep(_ entry: WarmEntry?, of id: WarmSeatID) {
        if warm[id] == nil { warm.updateValue(entry, forKey: id) }
    }
    mutating func keep(poolOverride: PoolSpec?, of key: LabKey) {
        if poolOverrides[key] == nil { poolOverrides.updateValue(poolOverride, forKey: key) }
    }
    mutating func keep(_ startTimes: StartTimes) {
        if self.startTimes == nil { self.startTimes = startTimes }
    }
}

extension BrokerCore {
    /// The changes to commit before the actions of the steps since the last `confirm` or `rollback` are carried out;
    /// oldest first. A record may appear more than once: the last change wins.
    public var pendingChanges: [Change] { journal.changes }

    /// Call when the pending changes are on disk. Sessions that are over leave memory.
    public mutating func confirm() {
        let touched = journal
        journal = Journal()
        forgetThoseOver(touched)
    }

    /// Call when the commit failed: restores the state before the first step since the last `confirm`.
    public mutating func rollback() {
        let old = journal
        if let catalogue = old.catalogue {
            self.catalogue = catalogue
            settleCharges()
            realignAll()
        }
        knownStays = [:]
        if let book = old.book { self.book = book }
        if let rolling = old.rolling { self.rolling = rolling }
        if let startTimes = old.startTimes { self.startTimes = startTimes }
        rollBackProfiles(old)
        for (name, duty) in old.spareDuties { spareDuties[name] = duty }
        // Seats need their host, so forgotten hosts are restored first, and new ones are removed last.
        for case (let name, let settings?) in old.hosts { setHost(name, settings) }
        for (id, reservation) in old.reservations { setReservation(id, reservation) }
        for (claim, isClaimed) in old.claims { setClaim(isClaimed, of: claim.learner, on: claim.reservation) }
        for (learner, home) in old.homes { setHome(home, of: learner) }
        for (run, leftover) in old.leftovers { setLeftover(run, leftover) }
        for (id, entry) in old.warm { setWarm(id, entry) }
        for (key, spec) in old.poolOverrides { setPoolOverride(spec, of: key) }
        for (id, entry) in old.sessions { set(id, entry) }
        for case (let name, nil) in old.hosts { setHost(name, nil) }
        if let turns = old.turns { queue.restore(turns) }
        if let turns = old.cohortTurns { cohorts.restore(turns) }
        if let due = old.reservationsDue { reservationsDue = due == nil ? nil : lastEventAt }
        for host in hosts { seating.stale.insert(host.name) }
        isOrderOld = true
        journal = Journal()
        forgetThoseOver(old)
        // The lost step may have had pending work (after a restart, everything), which is left to the next event.
        step.mayPlace = true
        step.mayPromise = true
        step.touchedHosts = Set(hosts.map(\.name))
        lookAtRollingDrain()
        queue.hasMoved = false
        cohorts.hasMoved = false
        settleAlarms()
    }

    private mutating func forgetThoseOver(_ touched: Journal) {
        for id in touched.adopted.union(touched.sessions.keys) where entries[id]?.session.state.isOver == true {
            set(id, nil)
        }
        journal = Journal()
    }
}
