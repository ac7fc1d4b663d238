import Identity

/// How many warm seats to keep, where, and when: pools, and the warm-up of reservations.
///
/// Surplus seats are removed at the beginning of a step, before placement; missing seats are started at its end, with
/// the capacity that waiting sessions leave.
extension BrokerCore {
    // MARK: Settings

    /// The pool in force: an operator's override, otherwise the configuration's.
    public func poolSpec(of key: LabKey) -> PoolSpec? { warm.overrides[key] ?? catalogue.pools[key] }

    mutating func setPool(_ spec: PoolSpec) -> Answer {
        if let problem = catalogue.problem(with: spec.key.portal) { return .refused(.badTerms(problem)) }
        guard catalogue.labs[spec.key] != nil else { return .refused(.unknownLab(spec.key)) }
        if let problem = spec.problem { return .refused(.badTerms(problem)) }
        setPoolOverride(spec, of: spec.key)
        journal.changes.append(.pool(spec))
        return .done
    }

    /// Resets the pool to the configuration's.
    mutating func resetPool(_ key: LabKey) -> Answer {
        guard warm.overrides[key] != nil || catalogue.pools[key] != nil else {
            return .refused(.unknownPool(key))
        }
        setPoolOverride(nil, of: key)
        journal.changes.append(.poolReset(key))
        return .done
    }

    mutating func setPoolOverride(_ spec: PoolSpec?, of key: LabKey) {
        journal.keep(poolOverride: warm.overrides[key], of: key)
        warm.overrides[key] = spec
        step.mayPlace = true
    }

    var poolKeys: [LabKey] { Set(catalogue.pools.keys).union(warm.overrides.keys).sorted() }

    /// The target number of unclaimed seats of a pool at this time.
    func wanted(_ spec: PoolSpec, at now: Timestamp) -> Int {
        guard catalogue.offered(spec.key) != nil else { return 0 }
        let lately = warm.claims[spec.key, default: []].count { $0 + Limits.poolMemory > now }
        return min(spec.maximum, spec.minimum + lately)
    }

    /// The target for the warm seats and sessions of a reservation together; `nil` if it has no warm seats now.
    func wanted(_ reservation: Reservation, at now: Timestamp) -> Int? {
        let terms = reservation.terms
        guard reservation.isBooked, terms.opensAt <= now, reservation.released == nil,
            now < min(reservation.noShowAt, terms.to), catalogue.knows(terms.portal)
        else {
            return nil
        }
        return terms.warmSeats
    }

    // MARK: Time

    /// When the passage of time next changes a pool's target or lets it retry.
    func poolDeadline(_ key: LabKey) -> Timestamp? {
        [warm.retryAt[key], warm.claims[key]?.first.map { $0 + Limits.poolMemory }].compactMap(\.self).min()
    }

    mutating func poolIsDue(_ key: LabKey, at now: Timestamp) {
        if let time = warm.retryAt[key], time <= now { warm.retryAt[key] = nil }
        warm.claims[key]?.removeAll { $0 + Limits.poolMemory <= now }
        if warm.claims[key]?.isEmpty == true { warm.claims[key] = nil }
        step.mayPlace = true
    }

    // MARK: What goes

    /// Removes warm seats that are in the way, outdated or surplus; their containers are removed at once.
    mutating func trimWarmSeats(at now: Timestamp) {
        guard catalogue.isConfigured, !warm.isEmpty else { return }
        refreshHeld()
        // The least ready and youngest first, if only some of several must go.
        for entry in warm.entries.values.sorted(by: WarmSeats.isSooner).reversed() where !isWanted(entry, at: now) {
            giveUp(entry.seat.id)
            refreshHeld()
        }
        for key in warm.byPool.keys.sorted() { trimPool(key, at: now) }
        for id in warm.byReservation.keys.sorted() { trimReservation(id, at: now) }
    }

    private func isWanted(_ entry: WarmEntry, at now: Timestamp) -> Bool {
        guard let host = record(of: entry.seat.host), host.settings.isConfigured, host.settings.host.duty == .active,
            isCurrent(entry)
        else { return false }
        // A lab that is still starting on a host that has become unreachable will not become ready.
        if entry.isStarting, case .unreachable = host.settings.host.link { return false }
        if needsAttachment(entry.seat), case .impossible? = host.settings.attachment { return false }
        // On a strained host, idle memory is released first.
        if host.settings.isStrained, entry.seat.reservation == nil { return false }
        if let own = entry.seat.reservation {
            guard let reservation = reservations[own], wanted(reservation, at: now) != nil else { return false }
            if let learner = entry.seat.learner, hasSeat(learner, entry.seat.pool) { return false }
        }
        return isUsable(entry, on: host, at: now)
    }

    private func needsAttachment(_ seat: WarmSeat) -> Bool {
        seat.learner == nil && catalogue.labs[seat.pool]?.files == .home
    }

    /// Whether the learner has a seat for this lab, or waits for one other than this warm seat.
    private func hasSeat(_ learner: String, _ pool: LabKey) -> Bool {
        guard let id = sessionsOf[LearnerKey(portal: pool.portal, id: learner)]?[pool], let entry = entries[id]
        else { return false }
        return entry.session.state.host != nil
    }

    private mutating func trimPool(_ key: LabKey, at now: Timestamp) {
        let spec = poolSpec(of: key)
        let wanted = spec.map { self.wanted($0, at: now) } ?? 0
        var seats = warm.byPool[key, default: []].compactMap { warm[$0] }.sorted(by: WarmSeats.isSooner)
        // The last ones first: those that are not ready yet, then the youngest of the others.
        while seats.count > wanted, let last = seats.popLast() { giveUp(last.seat.id) }
        var kept: [String: Int] = [:]
        for entry in seats {
            kept[entry.seat.host, default: 0] += 1
            if let spec, kept[entry.seat.host, default: 0] > spec.perHost { giveUp(entry.seat.id) }
        }
    }

    /// A warm seat is removed if its promise has moved to another host, or if it was started for a learner who has not
    /// come and others of the roster have taken all seats.
    private mutating func trimReservation(_ id: ReservationID, at now: Timestamp) {
        guard let reservation = reservations[id] else { return }
        let seats = warm.byReservation[id, default: []].compactMap { warm[$0] }.sorted(by: WarmSeats.isSooner)
        // A waiting learner who owns one of these seats needs no other; the rest take seats without an owner first.
        let owners = Set(seats.compactMap(\.seat.learner))
        let others = (seating.waiting[id] ?? []).count { !owners.contains(entries[$0]?.learner.id ?? "") }
        let needed = max(0, others - seats.count { $0.seat.learner == nil })
        var excess = seats.count + seatedCount(of: id) + needed - reservation.dueSeats
        for entry in seats.reversed() where excess > 0 {
            guard let learner = entry.seat.learner, claims[id]?.contains(learner) != true else { continue }
            giveUp(entry.seat.id)
            excess -= 1
        }
        for entry in seats.reversed() where warm[entry.seat.id] != nil {
            let host = entry.seat.host
            if seating.used(of: id, on: host) > reservation.allocation[host] ?? 0 { giveUp(entry.seat.id) }
        }
    }

    // MARK: What is started

    mutating func warmUpReservations(at now: Timestamp) {
        guard catalogue.isConfigured else { return }
        for reservation in reservations.values.sorted(by: { ($0.terms.from, $0.id) < ($1.terms.from, $1.id) }) {
            guard let wanted = wanted(reservation, at: now) else { continue }
            fill(reservation, upTo: wanted, at: now)
        }
    }

    mutating func fillPools(at now: Timestamp) {
        guard catalogue.isConfigured, !catalogue.pools.isEmpty || !warm.overrides.isEmpty else { return }
        let awaited = hostsWaitedFor
        for key in poolKeys {
            guard !awaited.all, let spec = poolSpec(of: key) else { continue }
            fill(spec, besides: awaited.hosts, at: now)
        }
    }

    private func mayTry(_ key: LabKey, at now: Timestamp) -> Bool { warm.retryAt[key].map { $0 <= now } ?? true }

    private mutating func fill(_ spec: PoolSpec, besides awaited: Set<String>, at now: Timestamp) {
        guard let lab = catalogue.labs[spec.key], mayTry(spec.key, at: now) else { return }
        let wanted = wanted(spec, at: now)
        while warm.byPool[spec.key, default: []].count < wanted {
            refreshOrder(at: now)
            var here: [String: Int] = [:]
            for id in warm.byPool[spec.key] ?? [] { here[warm[id]!.seat.host, default: 0] += 1 }
            let hosts = hosts
            let starting = warm.starting
            let best = order.bestOpen(demand(of: lab)) { index in
                let host = hosts[index]
                return !host.lacksImage(of: lab) && !awaited.contains(host.name)
                    && here[host.name, default: 0] < spec.perHost
                    && Self.mayWarm(host, starting: starting[host.name] ?? 0, lab)
            }
            guard let best else { return }
            startWarm(spec.key, lab, for: nil, learner: nil, on: hosts[best].name, at: now)
        }
    }

    private mutating func fill(_ reservation: Reservation, upTo wanted: Int, at now: Timestamp) {
        let key = reservation.terms.lab
        guard let lab = catalogue.labs[key], mayTry(key, at: now) else { return }
        let isForEverybody = reservation.terms.roster.count <= wanted
        while (seating.used[reservation.id]?.values.reduce(0, +) ?? 0) < wanted {
            guard let found = warmUpHost(reservation, lab, isForEverybody: isForEverybody) else { return }
            startWarm(key, lab, for: reservation.id, learner: found.learner, on: found.host, at: now)
        }
    }

    /// Where a reservation's next warm seat goes: of the hosts that hold a seat of it, the least full. The seat gets
    /// the home of a learner who has none yet if everybody on the roster can have a seat of their own, so that nothing
    /// is left to do at their click, or if homes cannot be attached later.
    private func warmUpHost(
        _ reservation: Reservation, _ lab: Lab, isForEverybody: Bool
    ) -> (host: String, learner: String?)? {
        var best: (host: String, density: Double, learner: String?)?
        for name in reservation.allocation.keys.sorted() where seating.held(reservation, on: name) > 0 {
            guard let host = record(of: name), host.takesSeats, host.isOpen, host.hasRoom(for: lab.memoryBytes),
                !host.lacksImage(of: lab), host.spec.satisfies(lab.requires),
                (warm.starting[name] ?? 0) < Self.warmStartsAllowed(host)
            else { continue }
            var learner: String?
            let attaches = host.settings.attachment == .possible
            if lab.files == .home, isForEverybody || !attaches {
                learner = nextOfRoster(reservation, on: name)
                if learner == nil, !attaches { continue }
            }
            let density = host.density(adding: lab.memoryBytes)
            if best.map({ density < $0.density }) ?? true { best = (name, density, learner) }
        }
        return best.map { ($0.host, $0.learner) }
    }

    /// The first learner of a roster who has neither a session nor a warm seat.
    private func nextOfRoster(_ reservation: Reservation, on host: String) -> String? {
        let terms = reservation.terms
        let key = terms.lab
        let served = Set(warm.byReservation[reservation.id, default: []].compactMap { warm[$0]?.seat.learner })
        return terms.roster.sorted().first { learner in
            let known = LearnerKey(portal: terms.portal, id: learner)
            return !served.contains(learner) && !hasSeat(learner, key)
                && boundHost(of: known, for: terms.lab).map { $0 == host } ?? true
        }
    }

    /// One start is always left for sessions.
    private static func warmStartsAllowed(_ host: HostRecord) -> Int { max(1, host.startsAllowed - 1) }

    private static func mayWarm(_ host: HostRecord, starting: Int, _ lab: Lab) -> Bool {
        starting < warmStartsAllowed(host) && (lab.files == .none || host.settings.attachment == .possible)
    }

    /// Hosts that a session waits for: no pool starts a seat there.
    private var hostsWaitedFor: (all: Bool, hosts: Set<String>) {
        var awaited: (all: Bool, hosts: Set<String>) = (false, [])
        for queue in [queue, cohorts] {
            // A session whose last container is still being removed is in no line yet.
            if queue.lines.values.map(\.count).reduce(0, +) < queue.count { awaited.all = true }
            for line in queue.lines.keys {
                if let host = line.host { awaited.hosts.insert(host) } else { awaited.all = true }
            }
        }
        return awaited
    }
}

extension PoolSpec {
    /// Why the pool is refused; `nil` if it is accepted.
    public var problem: BadTerms? {
        if !(0...Limits.poolSeats).contains(minimum) || !(0...Limits.poolSeats).contains(maximum) {
            return .poolSeats
        }
        if maximum < minimum { return .poolMaximumBelowMinimum }
        if perHost < 1 { return .poolSeatsOnHost }
        return nil
    }
}
