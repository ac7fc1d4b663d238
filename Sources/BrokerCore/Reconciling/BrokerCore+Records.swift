import Identity

/// The only writers of the records. Each saves the previous value in the journal and updates everything derived from
/// the record (indexes, counters, alarms), so that a rollback only has to write the old values back.
extension BrokerCore {
    // MARK: Sessions

    mutating func set(_ id: SessionID, _ new: Entry?) {
        let old = entries[id]
        journal.keep(old, of: id)
        entries[id] = new
        if let claimed = old?.session.warm, warm.claimed[claimed] == id { warm.claimed[claimed] = nil }
        if let claimed = new?.session.warm { warm.claimed[claimed] = id }
        if let new {
            sessionsOf[new.learner, default: [:]][new.session.lab] = id
        } else if let old {
            sessionsOf[old.learner]?[old.session.lab] = nil
            if sessionsOf[old.learner]?.isEmpty == true { sessionsOf[old.learner] = nil }
        }
        forgetStays(of: old?.session, new?.session)
        let before = old?.standing ?? .none
        let after = new?.standing ?? .none
        if before != after {
            if let portal = (old ?? new)?.learner.portal {
                count(before, of: portal, by: -1)
                count(after, of: portal, by: 1)
            }
            leave(before, id, of: old, towards: after)
            enter(after, id, as: new, from: old)
            if let learner = (new ?? old)?.learner { realign(learner) }
        }
        if let wake = new?.wake { alarms.ensure(.session(id), by: wake) }
    }

    /// Skips unchanged entries, so that nothing is saved for a rollback: with a hundred thousand sessions, that saves a
    /// lot.
    mutating func set(_ entry: Entry, unlessStill old: Entry) {
        if entry != old { set(entry.session.id, entry) }
    }

    /// Updates a session here and in the store.
    mutating func store(_ entry: Entry) {
        var entry = entry
        entry.storedActivity = entry.session.lastActivityAt
        set(entry.session.id, entry)
        journal.changes.append(.session(entry.session))
        markChanged(entry.session.id)
    }

    /// Stores a session that has changed its state, with the reason for its story.
    mutating func store(_ entry: Entry, at now: Timestamp, because reason: StoryReason) {
        store(entry)
        let session = entry.session
        tell(session, at: now, state: session.state.name, host: session.state.host, reason: reason)
    }

    /// Adds a line to a session's story without a change of state.
    mutating func note(_ session: Session, at now: Timestamp, host: String?, reason: StoryReason) {
        tell(session, at: now, state: "note", host: host, reason: reason)
    }

    private mutating func tell(
        _ session: Session, at now: Timestamp, state: String, host: String?, reason: StoryReason
    ) {
        let line = StoryLine(
            session: session.id, at: now, epoch: session.epoch, state: state, host: host, reason: reason)
        journal.changes.append(.story(line))
    }

    private mutating func enter(_ standing: Entry.Standing, _ id: SessionID, as new: Entry?, from old: Entry?) {
        switch standing {
        case .none:
            break
        case .parked:
            parkedCount += 1
        case .queued(let ticket, let reservation):
            guard let portal = new?.learner.portal else { return }
            let isReturn =
                switch old?.session.state {
                case .starting, .running: true
                case .queued, .ending, .parking, .parked, .ended, .failed, nil: false
                }
            if let reservation {
                journal.keep(cohortTurns: cohorts.turns)
                cohorts.insert(ticket, in: .reservation(reservation), isReturning: isReturn)
                seating.waiting[reservation, default: []].insert(id)
            } else {
                journal.keep(turns: queue.turns)
                queue.insert(ticket, in: .portal(portal), isReturning: isReturn)
            }
            align(ticket)
        case .seated(let host, let isStarting, let memory, let reservation):
            guard let index = hostIndex[host] else { return }
            if let reservation { takeReservedSeat(of: reservation, on: host, by: 1) }
            hosts[index].usage.seats += 1
            hosts[index].usage.memory += memory
            if isStarting { hosts[index].usage.starting += 1 }
            hosts[index].usage.sessions.insert(id)
            order.touch(index)
            step.touchedHosts.insert(host)
        }
    }

    private mutating func leave(
        _ standing: Entry.Standing, _ id: SessionID, of old: Entry?, towards next: Entry.Standing
    ) {
        switch standing {
        case .none:
            break
        case .parked:
            parkedCount -= 1
        case .queued(let ticket, let reservation):
            guard let portal = old?.learner.portal else { return }
            let isSeated = if case .seated = next { true } else { false }
            if let reservation {
                journal.keep(cohortTurns: cohorts.turns)
                cohorts.remove(ticket, of: .reservation(reservation), isSeated ? .seated : .gaveUp)
                seating.waiting[reservation]?.remove(id)
            } else {
                journal.keep(turns: queue.turns)
                queue.remove(ticket, of: .portal(portal), isSeated ? .seated : .gaveUp)
            }
            // A host may have been held for it.
            step.mayPlace = true
        case .seated(let host, let isStarting, let memory, let reservation):
            guard let index = hostIndex[host] else { return }
            if let reservation { takeReservedSeat(of: reservation, on: host, by: -1) }
            hosts[index].usage.seats -= 1
            hosts[index].usage.memory -= memory
            if isStarting { hosts[index].usage.starting -= 1 }
            hosts[index].usage.sessions.remove(id)
            let isSame =
                if case .seated(host, _, _, _) = next { old?.container == entries[id]?.container } else { false }
            if let old, !isSame { observe(old, leaving: host) }
            order.touch(index)
            step.touchedHosts.insert(host)
            step.mayPlace = true
        }
    }

    // MARK: The queue's lines

    /// The only host that can serve this lab to this learner; `nil` if any can, as for a lab that keeps no files. The
    /// seat of session `besides` is ignored.
    func boundHost(of learner: LearnerKey, for lab: LabKey, besides: SessionID? = nil) -> String? {
        guard !sharedHomes, needsHome(lab) else { return nil }
        if let home = homes[learner], !isLost(home) { return home }
        // The learner's first lab is placed but has no home yet: the home will be on that host.
        return sessionsOf[learner]?.values.compactMap { id in
            guard id != besides, let session = entries[id]?.session, needsHome(session.lab) else { return nil }
            return session.state.host
        }.min()
    }

    /// Whether sessions of this lab use their learner's home, as far as is known.
    func needsHome(_ lab: LabKey) -> Bool { self.lab(lab)?.files != LabFiles.none }

    func line(for entry: Entry) -> Queue.Line {
        Queue.Line(
            party: entry.session.reservation.map { .reservation($0) } ?? .portal(entry.learner.portal),
            lab: entry.session.lab,
            host: boundHost(of: entry.learner, for: entry.session.lab))
    }

    /// Puts a queued session into its line, or holds it back while a container of it is being removed.
    private mutating func align(_ ticket: Queue.Ticket) {
        guard let entry = entries[ticket.id] else { return }
        let line = gates[ticket.id] == nil ? line(for: entry) : nil
        if entry.session.reservation == nil {
            queue.setLine(line, of: ticket)
        } else {
            cohorts.setLine(line, of: ticket)
        }
        if line != nil { step.mayPlace = true }
    }

    /// Updates the lines of a learner's waiting sessions after the host of their home may have changed.
    private mutating func realign(_ learner: LearnerKey) {
        guard !sharedHomes, let sessions = sessionsOf[learner] else { return }
        for id in sessions.values {
            if case .queued(let ticket, _)? = entries[id]?.standing { align(ticket) }
        }
    }

    /// Updates all lines after a host with homes was lost or found again, or labs began or stopped keeping files.
    mutating func realignAll() {
        guard !sharedHomes else { return }
        for learner in Array(sessionsOf.keys) { realign(learner) }
    }

    /// Whether the operator does not expect this host back.
    func isLost(_ host: String) -> Bool {
        (record(of: host)?.settings.host.duty ?? spareDuties[host]) == .lost
    }

    mutating func setHome(_ host: String?, of learner: LearnerKey) {
        journal.keep(home: homes[learner], of: learner)
        homes[learner] = host
        realign(learner)
    }

    // MARK: Leftovers

    mutating func setLeftover(_ run: Run, _ new: Leftover?) {
        let old = leftovers[run]
        journal.keep(old, of: run)
        if let old { gate(old.session, by: -gateWeight(of: old)) }
        leftovers[run] = new
        if let new { gate(new.session, by: gateWeight(of: new)) }
        if let old, let index = hostIndex[old.host] {
            hosts[index].usage.seats -= 1
            hosts[index].usage.memory -= old.memory
            hosts[index].usage.leftovers.remove(run)
            order.touch(index)
            step.touchedHosts.insert(old.host)
            step.mayPlace = true
        }
        if let new, let index = hostIndex[new.host] {
            hosts[index].usage.seats += 1
            hosts[index].usage.memory += new.memory
            hosts[index].usage.leftovers.insert(run)
            order.touch(index)
            step.touchedHosts.insert(new.host)
        }
        if let time = new?.retryAt { alarms.ensure(.removal(run), by: time) }
    }

    /// A session waits for the removal of its last container only if that should be quick: not after a failure, and not
    /// on a host that does not answer.
    private func gateWeight(of leftover: Leftover) -> Int {
        guard !leftover.hasFailed, record(of: leftover.host)?.isReachable == true else { return 0 }
        return 1
    }

    private mutating func gate(_ id: SessionID, by weight: Int) {
        guard weight != 0 else { return }
        let sum = gates[id, default: 0] + weight
        gates[id] = sum == 0 ? nil : sum
        if case .queued(let ticket, _)? = entries[id]?.standing { align(ticket) }
    }

    // MARK: Hosts

    func record(of host: String) -> HostRecord? { hostIndex[host].map { hosts[$0] } }

    /// Updates a host; `nil` forgets it, for which it must be empty.
    mutating func setHost(_ name: String, _ new: HostRecord.Settings?) {
        guard let index = hostIndex[name] else {
            journal.keep(nil as HostRecord.Settings?, of: name)
            if let new { insertHost(HostRecord(name: name, settings: new)) }
            return
        }
        let old = hosts[index].settings
        journal.keep(old, of: name)
        guard let new else {
            // If only this host had a lab's image, the lab's sessions may try other hosts now.
            step.mayPlace = true
            hosts.remove(at: index)
            hostIndex[name] = nil
            measured.seats[name] = nil
            step.mayPromise = true
            for later in index..<hosts.count { hostIndex[hosts[later].name] = later }
            isOrderOld = true
            // A rollback may leave the absent host with a different stored duty.
            if old.isLost != isLost(name) { realignAll() }
            return
        }
        guard old != new else { return }
        // Whether sessions wait for a removal depends on the host's link.
        let runs = old.host.link == new.host.link ? [] : hosts[index].usage.leftovers
        for leftover in runs.compactMap({ leftovers[$0] }) { gate(leftover.session, by: -gateWeight(of: leftover)) }
        hosts[index].settings = new
        order.touch(index)
        if old.promises != new.promises { step.mayPromise = true }
        for leftover in runs.compactMap({ leftovers[$0] }) { gate(leftover.session, by: gateWeight(of: leftover)) }
        step.mayPlace = true
        step.touchedHosts.insert(name)
        if old.isLost != new.isLost { realignAll() }
        if let wake = hosts[index].wake { alarms.ensure(.host(name), by: wake) }
    }

    private mutating func insertHost(_ host: HostRecord) {
        let index = hosts.firstIndex { $0.name > host.name } ?? hosts.count
        hosts.insert(host, at: index)
        isOrderOld = true
        step.mayPromise = true
        seating.stale.insert(host.name)
        for later in index..<hosts.count { hostIndex[hosts[later].name] = later }
        step.mayPlace = true
        step.touchedHosts.insert(host.name)
        if let wake = host.wake { alarms.ensure(.host(host.name), by: wake) }
        if host.settings.isLost { realignAll() }
    }

    mutating func setSpareDuty(_ duty: HostDuty?, of host: String) {
        journal.keep(spareDuty: spareDuties[host], of: host)
        spareDuties[host] = duty
    }
}
