import Identity

/// The life of a warm seat, from its start until a learner claims it.
extension BrokerCore {
    mutating func startWarm(
        _ pool: LabKey, _ lab: Lab, for reservation: ReservationID?, learner: String?, on host: String,
        at now: Timestamp
    ) {
        warm.lastNumber += 1
        // A reserved warm seat is charged what its lab requests, like the seats of reserved sessions.
        let charge = reservation == nil ? record(of: host)?.charge(demand(of: lab)) : nil
        let seat = WarmSeat(
            id: WarmSeatID(number: warm.lastNumber), pool: pool, reservation: reservation, learner: learner,
            host: host, terms: lab.containerTerms, state: .starting(since: now), charge: charge ?? lab.memoryBytes)
        var entry = WarmEntry(seat: seat)
        entry.startCrowd = (record(of: host)?.usage.starting ?? 0) + 1
        store(entry)
        emit(.start(seat.id.run, epoch: 0, host: host))
        audit(warm: entry, at: now)
    }

    // MARK: What engines say

    mutating func warmAdvances(_ old: WarmEntry, to step: StartStep) {
        guard old.isStarting, old.step.ordinal < step.ordinal else { return }
        var entry = old
        entry.step = step
        setWarm(entry.seat.id, entry)
    }

    mutating func warmIsReady(_ old: WarmEntry, _ endpoint: Endpoint, at now: Timestamp) {
        guard case .starting(let since) = old.seat.state else { return }
        measureStart(
            of: old.seat.pool, crowd: old.startCrowd, on: old.seat.host, since: since, at: now)
        var entry = old
        entry.seat.state = .ready(endpoint, since: now)
        entry.step = .waiting
        entry.readyAt = eventCount
        store(entry)
    }

    mutating func warmFailed(_ entry: WarmEntry, _ failure: StartFailure, at now: Timestamp) {
        guard case .starting(let since) = entry.seat.state else { return }
        let host = entry.seat.host
        switch failure {
        case .hostUnreachable(let reason):
            hostSilent(host, reason: reason, since: now, at: now)
        case .imageMissing:
            if var settings = record(of: host)?.settings {
                settings.lackingLabs.insert(entry.seat.pool)
                setHost(host, settings)
            }
        case .engine, .labStopped:
            break
        case .neverReady:
            noteNeverReady(crowd: entry.startCrowd, on: host, since: since, at: now)
        }
        giveUp(entry.seat.id)
        retryLater(entry.seat.pool, at: now)
    }

    /// The container stopped or is gone, or a home can no longer be attached to it.
    mutating func warmIsLost(_ entry: WarmEntry, at now: Timestamp) {
        giveUp(entry.seat.id)
        retryLater(entry.seat.pool, at: now)
    }

    /// A failed start is not retried at once: a lab that cannot start would keep a host busy for ever.
    private mutating func retryLater(_ pool: LabKey, at now: Timestamp) {
        let time = now + Limits.warmRetryDelay
        warm.retryAt[pool] = time
        alarms.ensure(.pool(pool), by: time)
    }

    /// Reconciles a warm seat with a listing of its host.
    mutating func reconcile(warm entry: WarmEntry, with container: ObservedContainer?, asked: Int, at now: Timestamp) {
        switch entry.seat.state {
        case .starting:
            if isProved(entry.seat.host) { emit(.start(entry.seat.id.run, epoch: 0, host: entry.seat.host)) }
        case .ready(let endpoint, _):
            // The listing may have been requested before the seat became ready.
            guard asked >= entry.readyAt else { return }
            if container?.isRunning != true || container?.endpoint.map({ $0 != endpoint }) == true {
                warmIsLost(entry, at: now)
            }
        }
    }

    // MARK: Claims

    /// Gives warm seats to the waiting sessions that they fit, in queue order.
    mutating func claimWarmSeats(at now: Timestamp) {
        guard !warm.isEmpty, queueLength > 0 else { return }
        for id in warm.byReservation.keys.sorted() {
            for ticket in cohorts.waiting[.reservation(id)] ?? [] {
                guard let seats = warm.byReservation[id] else { break }
                claimOne(of: seats, for: ticket, at: now)
            }
        }
        for key in warm.byPool.keys.sorted() {
            for ticket in queue.waiting[.portal(key.portal)] ?? [] where entries[ticket.id]?.session.lab == key {
                guard let seats = warm.byPool[key] else { break }
                claimOne(of: seats, for: ticket, at: now)
            }
        }
    }

    private mutating func claimOne(of seats: Set<WarmSeatID>, for ticket: Queue.Ticket, at now: Timestamp) {
        guard gates[ticket.id] == nil, let entry = entries[ticket.id] else { return }
        if entry.session.reservation == nil, let lab = catalogue.labs[entry.session.lab], !hasQuota(for: lab) { return }
        let bound = boundHost(of: entry.learner, for: entry.session.lab)
        let candidates = seats.compactMap { warm[$0] }.filter { candidate in
            guard let host = record(of: candidate.seat.host), host.takesSeats else { return false }
            if let learner = candidate.seat.learner, learner != entry.learner.id { return false }
            if let bound, bound != host.name { return false }
            return isCurrent(candidate) && isUsable(candidate, on: host, at: now)
        }
        // A seat that was started for this very learner takes precedence.
        let own = candidates.filter { $0.seat.learner != nil }.min(by: WarmSeats.isSooner)
        guard let best = own ?? candidates.min(by: WarmSeats.isSooner) else { return }
        claim(best, for: entry, at: now)
    }

    /// Whether the container still matches the catalogue.
    func isCurrent(_ entry: WarmEntry) -> Bool {
        guard let lab = catalogue.labs[entry.seat.pool] else { return false }
        return lab.containerTerms == entry.seat.terms
    }

    /// Whether the host has room for the seat and it can be claimed. A seat of a pool is usable only if, once occupied,
    /// it leaves room for every seat that will be held here while its session may stay.
    func isUsable(_ entry: WarmEntry, on host: HostRecord, at now: Timestamp) -> Bool {
        var peak = CapacityCurve.Load()
        if entry.seat.reservation == nil {
            let horizon = catalogue.labs[entry.seat.pool]?.demand.horizon ?? .zero
            peak = host.held.peak(from: now, to: now + horizon + .milliseconds(1))
        }
        // Leftovers do not count, since they will be gone.
        let leaving = host.usage.leftovers.reduce(0) { $0 + (leftovers[$1]?.memory ?? 0) }
        return host.usage.seats - host.usage.leftovers.count + peak.seats <= host.spec.slots
            && host.usage.memory - leaving + peak.memory <= host.memoryLimit
    }

    /// Turns the seat and its container into the learner's session, in one step and one commit.
    private mutating func claim(_ seat: WarmEntry, for old: Entry, at now: Timestamp) {
        var entry = old
        let host = seat.seat.host
        forgetWarm(seat.seat.id)
        entry.session.warm = seat.seat.id
        entry.seatMemory = seat.memory
        entry.startCrowd = 0
        noteClaim(of: seat.seat, at: now)
        let isComplete = seat.seat.learner != nil || lab(entry.session.lab)?.files == LabFiles.none
        switch seat.seat.state {
        case .ready(let endpoint, _) where isComplete:
            let claim: WarmSeatClaim = seat.seat.learner == nil ? .readyWithoutFiles : .readyWithFiles
            beginRunning(entry, on: host, endpoint, at: now, because: .warmSeat(claim, host: host))
        case .ready:
            entry.session.state = .starting(host: host, step: .attaching, since: now)
            store(entry, at: now, because: .warmSeat(.attaching, host: host))
            emit(.start(entry.session.id, epoch: entry.session.epoch, host: host))
        case .starting:
            entry.session.state = .starting(host: host, step: seat.step, since: now)
            store(entry, at: now, because: .warmSeat(.starting, host: host))
            emit(.start(entry.session.id, epoch: entry.session.epoch, host: host))
        }
        if let reservation = entry.session.reservation { notePeak(of: reservation) }
        audit(placementOf: entry, on: host, at: now)
    }

    private mutating func noteClaim(of seat: WarmSeat, at now: Timestamp) {
        guard seat.reservation == nil, let spec = poolSpec(of: seat.pool) else { return }
        var claims = warm.claims[seat.pool] ?? []
        claims.append(now)
        // More claims than the maximum make no difference.
        claims.removeFirst(max(0, claims.count - spec.maximum))
        warm.claims[seat.pool] = claims
        if let first = claims.first { alarms.ensure(.pool(seat.pool), by: first + Limits.poolMemory) }
    }
}
