import Identity

/// Operators' requests about hosts, and changes of the configuration.
extension BrokerCore {
    mutating func cordon(_ name: String) -> Answer {
        change(name) { settings in
            // A draining or drained host already takes no seats.
            if settings.host.duty == .active { settings.host.duty = .cordoned }
        }
    }

    mutating func uncordon(_ name: String, at now: Timestamp) -> Answer {
        keepHost(name)
        leaveRollingDrain(name)
        let wasLost = isLost(name)
        let answer = change(name) { settings in
            settings.host.duty = .active
            settings.isDrainDue = false
        }
        guard wasLost, answer == .done, !sharedHomes else { return answer }
        // Homes on the host count again, and a session may be waiting for a lab that the host can never hold.
        for learner in sessionsOf.keys.sorted(by: { ($0.portal, $0.id) < ($1.portal, $1.id) })
        where homes[learner] == name { failThoseBoundTooNarrowly(learner, at: now) }
        return answer
    }

    /// - Parameter wanted: if `nil`, a drain in progress keeps its deadline.
    mutating func drain(_ name: String, deadline wanted: Timestamp?, at now: Timestamp) -> Answer {
        if isLost(name) {
            return .refused(.notNow(.hostLost(name)))
        }
        let answer = change(name) { settings in
            guard settings.host.duty != .drained else { return }
            if wanted == nil, case .draining = settings.host.duty { return }
            settings.host.duty = .draining(deadline: wanted ?? now + Limits.drainTime)
            settings.isDrainDue = false
        }
        guard answer == .done, let due = record(of: name)?.drainDeadline, due <= now else { return answer }
        drainIsDue(name, at: now)
        return answer
    }

    private mutating func change(_ name: String, _ body: (inout HostRecord.Settings) -> Void) -> Answer {
        guard let host = record(of: name) else { return .refused(.unknownHost(name)) }
        guard host.settings.isConfigured else {
            return .refused(.notNow(.hostForgottenSoon(name)))
        }
        var settings = host.settings
        body(&settings)
        setDuty(name, settings)
        return .done
    }

    private mutating func setDuty(_ name: String, _ settings: HostRecord.Settings) {
        guard let old = record(of: name)?.settings, old != settings else { return }
        setHost(name, settings)
        if old.host.duty != settings.host.duty {
            journal.changes.append(.duty(host: name, settings.host.duty))
        }
    }

    /// Nothing waits for a lost host: with shared homes its sessions get a new seat, otherwise they end. When the host
    /// answers again, all containers of ours on it belong to runs that are over, and are removed.
    mutating func declareLost(_ name: String, at now: Timestamp) -> Answer {
        guard let host = record(of: name) else { return .refused(.unknownHost(name)) }
        if host.settings.isLost { return .done }
        guard case .unreachable(let since, _) = host.settings.host.link, now - since >= Limits.silenceGrace else {
            return .refused(.notNow(host.isReachable ? .hostAnswers(name) : .hostSilentTooShortly(name)))
        }
        var settings = host.settings
        settings.host.duty = .lost
        settings.isDrainDue = false
        setDuty(name, settings)
        for id in host.usage.sessions.sorted() {
            guard let entry = entries[id], case .running = entry.session.state else { continue }
            if sharedHomes {
                reseat(entry, fromLost: name, at: now)
            } else {
                beginEnding(entry, reason: .lost(host: name), at: now)
            }
        }
        endParked(withHomesOn: name, at: now)
        return .done
    }

    /// Called when the host's silence grace or its drain deadline is over.
    mutating func lookAtHost(_ name: String, at now: Timestamp) {
        if case .silent(let since, let reason) = record(of: name)?.settings.host.link,
            since + Limits.silenceGrace <= now
        {
            becomeUnreachable(name, since: since, reason: reason, at: now)
        }
        if let deadline = record(of: name)?.drainDeadline, deadline <= now { drainIsDue(name, at: now) }
    }

    /// The drain's deadline has come: all sessions on the host end. A session that is still starting moves to another
    /// host, unless its files are bound to this one.
    mutating func drainIsDue(_ name: String, at now: Timestamp) {
        guard let host = record(of: name) else { return }
        var settings = host.settings
        settings.isDrainDue = true
        setHost(name, settings)
        for id in host.usage.sessions.sorted() {
            guard let entry = entries[id] else { continue }
            switch entry.session.state {
            case .running:
                beginEnding(entry, reason: .drain(host: name), at: now)
            case .starting:
                if homes[entry.learner] == name, needsHome(entry.session.lab) {
                    beginEnding(entry, reason: .drain(host: name), at: now)
                } else {
                    detour(entry, because: .hostDrained(name), leavingOn: name, at: now)
                }
            case .queued, .ending, .parking, .parked, .ended, .failed:
                break
            }
        }
    }

    /// At the end of a step: a draining host that has become empty is drained; one that the configuration no longer has
    /// is forgotten.
    mutating func settleEmptyHosts() {
        guard !step.touchedHosts.isEmpty else { return }
        for name in step.touchedHosts.sorted() {
            guard record(of: name)?.usage.isEmpty == true, catalogue.isConfigured else { continue }
            if book.added[name]?.isLeaving == true { forgetAddedHost(name) }
            guard let host = record(of: name) else { continue }
            if case .draining = host.settings.host.duty {
                var settings = host.settings
                settings.host.duty = .drained
                settings.isDrainDue = false
                setDuty(name, settings)
            }
            if !host.settings.isConfigured {
                setEngine(nil, of: name)
                setSpareDuty(record(of: name)?.settings.host.duty, of: name)
                setHost(name, nil)
            }
        }
    }

    // MARK: Configuration

    mutating func configure(
        labs: [Lab], hosts specs: [HostSpec], freeFloorPercent: Int, pools: [PoolSpec], density: Density,
        portals: [PortalSpec]?, at now: Timestamp
    ) {
        journal.keep(catalogue)
        let old = catalogue
        catalogue.isConfigured = true
        catalogue.freeFloorPercent = max(0, min(100, freeFloorPercent))
        catalogue.density = density
        catalogue.portals = portals.map { Dictionary($0.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last }) }
        isOrderOld = true
        catalogue.pools = Dictionary(pools.map { ($0.key, $0) }, uniquingKeysWith: { _, last in last })
        catalogue.labs = Dictionary(labs.map { ($0.key, $0) }, uniquingKeysWith: { _, last in last })
        // A lab that returns is no longer retired; one that was removed is kept for the sessions that run it.
        catalogue.retired = old.retired.merging(old.labs) { _, last in last }.filter { catalogue.labs[$0.key] == nil }
        settleCharges()
        realignAll()
        lookAtRollingDrain()
        journal.keep(book)
        book.listed = Dictionary(specs.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
        forgetListedEntries()
        for name in book.names.union(hosts.map(\.name)).sorted() { configureHost(name, book.spec(of: name)) }
        var used: Set<LabKey> = []
        for id in entries.keys.sorted() {
            reconsider(id, since: old, at: now)
            if let entry = entries[id], !entry.session.state.isOver { used.insert(entry.session.lab) }
        }
        // Warm seats of an earlier broker whose size was not known yet.
        for var entry in warm.entries.values.sorted(by: WarmSeats.isSooner) where entry.memory == 0 {
            guard let lab = lab(entry.seat.pool) else { continue }
            entry.memory = lab.memoryBytes
            setWarm(entry.seat.id, entry)
        }
        catalogue.retired = catalogue.retired.filter { used.contains($0.key) }
        knownStays = [:]
        step.mayPlace = true
        // Labs may have a different size or lifetime.
        step.mayPromise = true
        journal.keep(reservationsDue: reservationsDue)
        reservationsDue = reservations.isEmpty ? nil : now
        for host in hosts { seating.stale.insert(host.name) }
    }

    mutating func configureHost(_ name: String, _ spec: HostSpec?) {
        if var settings = record(of: name)?.settings {
            if let spec { settings.host.spec = spec }
            settings.isConfigured = spec != nil
            settings.lackingLabs = []
            settings.policy = spec?.policy ?? catalogue.density.policy
            setHost(name, settings)
            settleStrain(of: name)
        } else if let spec {
            setHost(
                name,
                HostRecord.Settings(
                    host: Host(spec: spec, duty: spareDuties[name] ?? .active), isConfigured: true,
                    policy: spec.policy ?? catalogue.density.policy))
            setSpareDuty(nil, of: name)
        }
        step.touchedHosts.insert(name)
    }

    /// Applies a new configuration to one session; `former` is the previous catalogue.
    private mutating func reconsider(_ id: SessionID, since former: Catalogue, at now: Timestamp) {
        guard let old = entries[id] else { return }
        var entry = old
        let known = lab(entry.session.lab)
        if entry.seatMemory == 0, entry.session.state.host != nil { entry.seatMemory = known?.memoryBytes ?? 0 }
        let isListed = catalogue.labs[entry.session.lab] != nil
        let removed = EndReason.removed(entry.session.lab)
        switch entry.session.state {
        case .queued:
            guard isListed, let known else { return beginEnding(entry, reason: removed, at: now) }
            if let reason = neverFits(known, entry.learner) { fail(entry, .neverFits(reason), at: now) }
        case .starting:
            set(entry, unlessStill: old)
            if !isListed { beginEnding(entry, reason: removed, at: now) }
        case .running(let host, _, let since):
            // Without its lab's terms (because the broker was restarted too) the session cannot continue.
            guard let known else { return beginEnding(entry, reason: removed, at: now) }
            if let lab = former.lab(entry.session.lab) {
                giveNotice(&entry, runningSince: since, from: lab, to: known, at: now)
            }
            entry.wake = nextLook(at: entry, runningSince: since, on: host)
            set(entry, unlessStill: old)
        case .ending, .parking:
            set(entry, unlessStill: old)
        case .parked(_, let since):
            guard isListed else { return beginEnding(entry, reason: removed, at: now) }
            entry.wake = parkedEnd(of: entry, since: since)
            set(entry, unlessStill: old)
        case .ended, .failed:
            break
        }
    }
}
