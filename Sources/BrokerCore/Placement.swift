import HeapModule

/// From the queue to a seat.
///
/// In order of the queue; each line's head is tried, and a line whose head finds no seat is passed over until the next
/// time, so that whoever can only go to one full host holds up nobody else. Where a head lacks memory that smaller
/// labs behind it would take bit by bit, the host that is nearest to having it is held for it.
extension BrokerCore {
    private struct Head: Comparable {
        var ticket: Queue.Ticket
        var line: Queue.Line

        static func < (a: Head, b: Head) -> Bool { a.ticket < b.ticket }
    }

    mutating func placeWaiting(at now: Timestamp) {
        // Without shared homes a placement can bind its learner's other sessions, and so free what was held for them.
        while placeOnce(at: now), !sharedHomes {}
    }

    /// One walk through the lines; whether anybody was placed.
    private mutating func placeOnce(at now: Timestamp) -> Bool {
        guard catalogue.isConfigured, queue.count > 0, hosts.contains(where: \.isOpen) else { return false }
        let waiting = queue.count
        var heads = Heap<Head>()
        for (line, tickets) in queue.lines { heads.insert(Head(ticket: tickets[0], line: line)) }
        var held: Set<String> = []
        while let head = heads.popMin() {
            guard let entry = entries[head.ticket.id], let lab = catalogue.labs[head.line.lab] else { continue }
            guard let host = bestHost(for: lab, boundTo: head.line.host, held: held, shunning: entry.shunned) else {
                if let host = hostToHold(for: lab, boundTo: head.line.host, held: held) { held.insert(host) }
                continue
            }
            start(entry, lab: lab, on: host, at: now)
            if let next = queue.lines[head.line]?.first {
                heads.insert(Head(ticket: next, line: head.line))
            }
        }
        return queue.count < waiting
    }

    /// The open host on which one more seat of this lab gives the lowest density; by name among equals.
    private func bestHost(
        for lab: Lab, boundTo bound: String?, held: Set<String>, shunning shunned: String?
    ) -> String? {
        func isPossible(_ host: borrowing HostRecord) -> Bool {
            host.isOpen && host.hasRoom(for: lab.memoryBytes) && !host.settings.lackingLabs.contains(lab.name)
        }
        if let bound {
            guard let index = hostIndex[bound], !held.contains(bound) else { return nil }
            return isPossible(hosts[index]) ? bound : nil
        }
        var best: (index: Int, isShunned: Bool, density: Double)?
        for index in hosts.indices where isPossible(hosts[index]) && !held.contains(hosts[index].name) {
            let isShunned = hosts[index].name == shunned
            let density = hosts[index].density(adding: lab.memoryBytes)
            if let best {
                if isShunned != best.isShunned {
                    guard best.isShunned else { continue }
                } else if density >= best.density {
                    continue
                }
            }
            best = (index, isShunned, density)
        }
        return best.map { hosts[$0.index].name }
    }

    /// The host that is nearest to having a seat for a lab that finds none now.
    private func hostToHold(for lab: Lab, boundTo bound: String?, held: Set<String>) -> String? {
        var best: (index: Int, density: Double)?
        for index in hosts.indices where bound == nil || hosts[index].name == bound {
            let host = hosts[index]
            guard host.takesSeats, host.spec.couldHold(lab.memoryBytes), !held.contains(host.name),
                !host.settings.lackingLabs.contains(lab.name)
            else { continue }
            let density = host.density(adding: lab.memoryBytes)
            if best.map({ density < $0.density }) ?? true { best = (index, density) }
        }
        return best.map { hosts[$0.index].name }
    }

    private mutating func start(_ old: Entry, lab: Lab, on host: String, at now: Timestamp) {
        var entry = old
        entry.session.state = .starting(host: host, step: .creating, since: now)
        entry.seatMemory = lab.memoryBytes
        store(entry, at: now, because: "A seat on \(host) is free; its container is being created.")
        emit(.start(entry.session.id, epoch: entry.session.epoch, host: host))
        audit(placementOf: entry, on: host)
    }
}
