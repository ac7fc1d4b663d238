/// The invariants of the design, as far as the core can check them; tests and the simulator check after every step.
extension BrokerCore {
    /// The violated invariants, in words; empty if all hold. O(everything): not for use in production.
    public func violations(at now: Timestamp) -> [String] {
        breaches + sessionViolations() + hostViolations() + queueViolations() + indexViolations()
            + orderViolations(at: now) + alarmViolations() + idleHandsViolations(at: now) + reservationViolations()
            + warmViolations(at: now) + rollingViolations() + parkingViolations() + quotaViolations()
    }

    private func sessionViolations() -> [String] {
        var broken: [String] = []
        for (id, entry) in entries {
            let session = entry.session
            if session.id != id { broken.append("\(session.id) is kept as \(id)") }
            if sessionsOf[entry.learner]?[session.lab] != id {
                broken.append("\(id) is not the session of its learner and lab")
            }
            if session.epoch < 1 { broken.append("\(id) has epoch \(session.epoch)") }
            if !session.state.isOver, leftovers[entry.container] != nil {
                broken.append("\(id): its current run is a leftover")
            }
            if !session.state.isOver, session.failedAttempts >= Limits.startAttempts {
                broken.append("\(id) goes on after \(session.failedAttempts) failed attempts")
            }
            if session.state.host == nil
                ? session.charge != 0 : session.charge <= 0 && catalogue.isConfigured && lab(session.lab) != nil
            {
                broken.append("\(id) is \(session.state.name), and its seat counts for \(session.charge)")
            }
            if let host = session.state.host, hostIndex[host] == nil { broken.append("\(id) is on unknown \(host)") }
            if case .starting(let host, _, _) = session.state {
                switch record(of: host)?.settings.host.link {
                case .connecting, .reachable, .silent: break
                case .unreachable, .duplicate, nil:
                    broken.append("\(id) is starting on \(host), which does not answer")
                }
            }
            if case .running = session.state, entry.wake == nil, catalogue.isConfigured {
                broken.append("\(id) would run for ever")
            }
        }
        for (run, leftover) in leftovers where hostIndex[leftover.host] == nil {
            broken.append("the leftover \(run) is on unknown \(leftover.host)")
        }
        return broken
    }

    private func hostViolations() -> [String] {
        var broken: [String] = []
        for host in hosts {
            var usage = HostRecord.Usage()
            if !seating.stale.contains(host.name), host.held != heldCurve(on: host.name) {
                broken.append("\(host.name) holds other seats than are reserved")
            }
            for (id, entry) in entries where entry.session.state.host == host.name {
                usage.seats += 1
                usage.memory += entry.seatMemory
                if case .starting(_, let step, _) = entry.session.state, step != .attaching { usage.starting += 1 }
                usage.sessions.insert(id)
            }
            for (id, entry) in warm.entries where entry.seat.host == host.name {
                usage.seats += 1
                usage.memory += entry.memory
                if entry.isStarting { usage.starting += 1 }
                usage.warm.insert(id)
            }
            for (run, leftover) in leftovers where leftover.host == host.name {
                usage.seats += 1
                usage.memory += leftover.memory
                usage.leftovers.insert(run)
            }
            if usage != host.usage { broken.append("\(host.name) counts \(host.usage) for \(usage)") }
            if host.settings.host.duty == .drained, !usage.isEmpty {
                broken.append("\(host.name) is drained, not empty")
            }
            // After `restore` and after a rollback the next event handles the hosts in `touchedHosts`.
            guard !step.touchedHosts.contains(host.name) else { continue }
            if case .draining = host.settings.host.duty, usage.isEmpty, host.settings.isConfigured {
                broken.append("\(host.name) is empty and still drains")
            }
            let running = SessionState.Name.running.rawValue
            if isGone(host), usage.sessions.contains(where: { entries[$0]?.session.state.name != running }) {
                broken.append("a session waits for \(host.name), which is gone")
            }
            if host.settings.isLost, catalogue.isConfigured, !usage.isEmpty {
                broken.append("\(host.name) is lost and has seats")
            }
            if isGone(host), !usage.leftovers.isEmpty {
                broken.append("a leftover waits for \(host.name), which is gone")
            }
        }
        if hosts.map(\.name) != hosts.map(\.name).sorted() { broken.append("the hosts are out of order") }
        return broken
    }

    private func queueViolations() -> [String] {
        var broken: [String] = []
        var general: [Queue.Ticket] = []
        var reserved: [Queue.Ticket] = []
        for (id, entry) in entries {
            guard case .queued(let ticket, let reservation) = entry.standing else { continue }
            if reservation == nil { general.append(ticket) } else { reserved.append(ticket) }
            let queue = reservation == nil ? queue : cohorts
            let line = gates[id] == nil ? self.line(for: entry) : nil
            if queue.line(of: id) != line { broken.append("\(id) stands in the wrong line") }
            if let line, queue.lines[line]?.contains(ticket) != true { broken.append("\(id) is missing in its line") }
        }
        if queue.order.sorted() != general.sorted() { broken.append("the queue is not those who wait") }
        if cohorts.order.sorted() != reserved.sorted() { broken.append("the cohorts are not those who wait for them") }
        for (position, ticket) in (cohorts.order + queue.order).enumerated()
        where queuePosition(of: ticket.id) != position + 1 {
            broken.append("\(ticket.id) is told a position that is not \(position + 1)")
        }
        return broken + queue.violations() + cohorts.violations()
    }

    private func indexViolations() -> [String] {
        var broken: [String] = []
        let known = sessionsOf.values.map(\.count).reduce(0, +)
        if known != entries.count { broken.append("\(known) sessions of learners, \(entries.count) in all") }
        if hostIndex.count != hosts.count || hosts.indices.contains(where: { hostIndex[hosts[$0].name] != $0 }) {
            broken.append("the index of hosts is wrong")
        }
        var gates: [SessionID: Int] = [:]
        for leftover in leftovers.values where !leftover.hasFailed && record(of: leftover.host)?.isReachable == true {
            gates[leftover.session, default: 0] += 1
        }
        if gates != self.gates { broken.append("the gates are \(self.gates), not \(gates)") }
        return broken
    }

    private func rollingViolations() -> [String] {
        guard let rolling, catalogue.isConfigured, step.touchedHosts.isEmpty else { return [] }
        if rolling.isOver { return ["a rolling drain of which nothing is left"] }
        if let next = nextMember(of: rolling) { return ["the turn of \(next) has come, and its drain has not begun"] }
        return rolling.members.compactMap { member in
            guard member.phase == .begun else { return nil }
            switch record(of: member.host)?.settings.host.duty {
            case .draining, .drained, .lost: return nil
            case .active, .cordoned, nil: return "\(member.host) is back, and its rolling drain waits for it"
            }
        }
    }

    /// What placement assumes about hosts must be accurate.
    private func orderViolations(at now: Timestamp) -> [String] {
        guard !isOrderOld else { return [] }
        var fresh = self
        fresh.isOrderOld = true
        fresh.refreshOrder(at: now)
        var believed = self
        believed.refreshOrder(at: now)
        return catalogue.labs.values.compactMap { lab in
            let (a, b) = (fresh.order, believed.order)
            let demand = demand(of: lab)
            return a.bestOpen(demand) { _ in true } == b.bestOpen(demand) { _ in true }
                && a.nearest(demand) { _ in true } == b.nearest(demand) { _ in true }
                ? nil : "the order of hosts for \(lab.name) is old"
        }
    }

    private func alarmViolations() -> [String] {
        let keys: [Alarms.Key] =
            entries.keys.map { .session($0) } + leftovers.keys.map { .removal($0) } + hosts.map { .host($0.name) }
            + Set(warm.retryAt.keys).union(warm.claims.keys).map { .pool($0) }
        let first = keys.compactMap { deadline(of: $0) }.min()
        return first == alarms.earliest ? [] : ["the next deadline is \(first as Any), not \(alarms.earliest as Any)"]
    }

    /// A session that waits although a seat is free for it: placement has missed it.
    private func idleHandsViolations(at now: Timestamp) -> [String] {
        // The next event applies the effect of elapsed time on reservations.
        if let due = reservationsDue, due <= now { return [] }
        // A rollback keeps what was learned about a lab, which may lower the charge of seats; the next event places
        // with it.
        guard !step.mayPlace else { return [] }
        var copy = self
        copy.placeWaiting(at: now)
        guard copy.queueLength != queueLength else { return [] }
        let placed = copy.entries.values.map(\.session).sorted { $0.id < $1.id }.filter {
            $0.state.host != nil && entries[$0.id]?.session.state.host == nil
        }
        return placed.map { "\($0.id) waits although there is a seat for it on \($0.state.host ?? "a host")" }
    }
}

extension Queue {
    fileprivate func violations() -> [String] {
        var broken: [String] = []
        for (party, tickets) in waiting where tickets.isEmpty || tickets != tickets.sorted() {
            broken.append("\(party) does not wait first come, first served")
        }
        for (party, turns) in turns.held where turns != turns.sorted() {
            broken.append("the turns of \(party) go down: \(turns)")
        }
        for (line, tickets) in lines where tickets.isEmpty || tickets != tickets.sorted() {
            broken.append("the line \(line) is empty or out of order")
        }
        if lines.values.map(\.count).reduce(0, +) > count { broken.append("a line has too many") }
        if linesOf != Dictionary(grouping: lines.keys, by: \.party).mapValues(Set.init) {
            broken.append("the lines of a party are not those that there are")
        }
        return broken
    }
}
