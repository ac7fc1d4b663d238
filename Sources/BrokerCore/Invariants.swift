/// The invariants of the design, as far as they can be seen from here; tests and the simulator ask after every step.
extension BrokerCore {
    /// What is broken, in words; empty if all is well. O(everything): not for the product's own use.
    public func violations() -> [String] {
        breaches + sessionViolations() + hostViolations() + queueViolations() + indexViolations()
            + orderViolations() + alarmViolations() + idleHandsViolations()
    }

    /// Looks at a seat that was just given, independently of how it was found.
    mutating func audit(placementOf entry: Entry, on name: String) {
        func broken(_ rule: String) {
            // A handful is enough to find the mistake.
            if breaches.count < 16 { breaches.append("\(entry.session.id) was placed on \(name), \(rule)") }
        }
        guard let host = record(of: name) else { return broken("which is unknown") }
        if !host.settings.isConfigured { broken("which is not configured") }
        if host.settings.host.duty != .active { broken("which is \(host.settings.host.duty)") }
        if !host.isReachable { broken("which does not answer") }
        if host.usage.seats > host.spec.slots { broken("which has \(host.spec.slots) slots for \(host.usage.seats)") }
        if host.usage.memory > host.memoryLimit { broken("whose memory is exceeded") }
        if host.usage.starting > min(host.startsAllowed, host.spec.maximumStarts) {
            broken("which starts \(host.usage.starting) at once")
        }
        if !sharedHomes, let home = homes[entry.learner], home != name { broken("but its home is on \(home)") }
        if gates[entry.session.id] != nil { broken("while its last container is still there") }
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
            if !session.state.isOver, leftovers[entry.run] != nil {
                broken.append("\(id): its current run is a leftover")
            }
            if !session.state.isOver, session.failedAttempts >= Limits.startAttempts {
                broken.append("\(id) goes on after \(session.failedAttempts) failed attempts")
            }
            if let host = session.state.host, hostIndex[host] == nil { broken.append("\(id) is on unknown \(host)") }
            if case .starting(let host, _, _) = session.state, case .unreachable? = record(of: host)?.settings.host.link
            {
                broken.append("\(id) is starting on \(host), which does not answer")
            }
            if case .running = session.state, entry.wake == nil, lab(session.lab) != nil {
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
            for (id, entry) in entries where entry.session.state.host == host.name {
                usage.seats += 1
                usage.memory += entry.seatMemory
                if case .starting = entry.session.state { usage.starting += 1 }
                usage.sessions.insert(id)
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
            // After `restore` and after a rollback the next event settles what is noted in `touchedHosts`.
            guard !step.touchedHosts.contains(host.name) else { continue }
            if case .draining = host.settings.host.duty, usage.isEmpty, host.settings.isConfigured {
                broken.append("\(host.name) is empty and still drains")
            }
            if isGone(host), usage.sessions.contains(where: { entries[$0]?.session.state.name != "running" }) {
                broken.append("a session waits for \(host.name), which is gone")
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
        var tickets: [Queue.Ticket] = []
        for (id, entry) in entries {
            guard case .queued(let ticket) = entry.standing else { continue }
            tickets.append(ticket)
            let line = gates[id] == nil ? self.line(for: entry) : nil
            if queue.line(of: id) != line { broken.append("\(id) stands in the wrong line") }
            if let line, queue.lines[line]?.contains(ticket) != true { broken.append("\(id) is missing in its line") }
        }
        if queue.order.sorted() != tickets.sorted() { broken.append("the queue is not those who wait") }
        for (position, ticket) in queue.order.enumerated() where queuePosition(of: ticket.id) != position + 1 {
            broken.append("\(ticket.id) is told a position that is not \(position + 1)")
        }
        for (portal, tickets) in queue.waiting where tickets.isEmpty || tickets != tickets.sorted() {
            broken.append("\(portal) does not wait first come, first served")
        }
        for (portal, turns) in queue.turns.held where turns != turns.sorted() {
            broken.append("the turns of \(portal) go down: \(turns)")
        }
        for (line, tickets) in queue.lines where tickets.isEmpty || tickets != tickets.sorted() {
            broken.append("the line \(line) is empty or out of order")
        }
        if queue.lines.values.map(\.count).reduce(0, +) > queue.count { broken.append("a line has too many") }
        return broken
    }

    private func indexViolations() -> [String] {
        var broken: [String] = []
        let known = sessionsOf.values.map(\.count).reduce(0, +)
        if known != entries.count { broken.append("\(known) sessions of learners, \(entries.count) in all") }
        if hostIndex.count != hosts.count || hosts.indices.contains(where: { hostIndex[hosts[$0].name] != $0 }) {
            broken.append("the index of hosts is wrong")
        }
        var gates: [SessionID: Int] = [:]
        for (run, leftover) in leftovers where !leftover.hasFailed && record(of: leftover.host)?.isReachable == true {
            gates[run.session, default: 0] += 1
        }
        if gates != self.gates { broken.append("the gates are \(self.gates), not \(gates)") }
        return broken
    }

    /// What placement believes of hosts is so.
    private func orderViolations() -> [String] {
        guard !isOrderOld else { return [] }
        var fresh = self
        fresh.isOrderOld = true
        fresh.refreshOrder()
        var believed = self
        believed.refreshOrder()
        return catalogue.labs.values.compactMap { lab in
            let (a, b) = (fresh.order, believed.order)
            return a.bestOpen(lab.memoryBytes) { _ in true } == b.bestOpen(lab.memoryBytes) { _ in true }
                && a.nearest(lab.memoryBytes) { _ in true } == b.nearest(lab.memoryBytes) { _ in true }
                ? nil : "the order of hosts for \(lab.name) is old"
        }
    }

    private func alarmViolations() -> [String] {
        let keys: [Alarms.Key] =
            entries.keys.map { .session($0) } + leftovers.keys.map { .removal($0) } + hosts.map { .host($0.name) }
        let first = keys.compactMap { deadline(of: $0) }.min()
        return first == alarms.earliest ? [] : ["the next deadline is \(first as Any), not \(alarms.earliest as Any)"]
    }

    /// A free seat and a waiting session that it fits: placement has not looked.
    private func idleHandsViolations() -> [String] {
        var copy = self
        copy.placeWaiting(at: Timestamp(milliseconds: 0))
        return copy.queue.count == queue.count ? [] : ["a session waits although there is a seat for it"]
    }
}
