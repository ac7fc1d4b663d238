import HeapModule

/// From the queue to a seat.
///
/// In order of the queue; each line's head is tried, and a line whose head finds no seat is passed over until the next
/// time, so that whoever can only go to one full host holds up nobody else. Where a head lacks memory that smaller
/// labs behind it would take bit by bit, the host that is nearest to having it is held for it.
extension BrokerCore {
    private struct Head: Comparable {
        var place: Queue.Place
        var line: Queue.Line

        static func < (a: Head, b: Head) -> Bool { a.place < b.place }
    }

    /// What lines of different portals have in common: the same hosts can serve them.
    private struct Need: Hashable {
        var lab: String
        var host: String?
    }

    mutating func placeWaiting(at now: Timestamp) {
        // Without shared homes a placement can bind its learner's other sessions, and so free what was held for them.
        while placeOnce(at: now), !sharedHomes {}
    }

    /// One walk through the lines; whether anybody was placed.
    private mutating func placeOnce(at now: Timestamp) -> Bool {
        guard catalogue.isConfigured, queue.count > 0 else { return false }
        refreshOrder()
        guard !order.isClosed else { return false }
        let waiting = queue.count
        var heads = Heap<Head>(queue.lines.compactMap { head(of: $0, $1) })
        var held: Set<Int> = []
        var blocked: Set<Need> = []
        while !order.isClosed, let head = heads.popMin() {
            let need = Need(lab: head.line.lab, host: head.line.host)
            guard !blocked.contains(need), let entry = entries[head.place.ticket.id],
                let lab = catalogue.labs[head.line.lab]
            else { continue }
            guard let host = bestHost(for: lab, boundTo: head.line.host, held: held, shunning: entry.shunned) else {
                blocked.insert(need)
                if let host = hostToHold(for: lab, boundTo: head.line.host, held: held) { held.insert(host) }
                continue
            }
            start(entry, lab: lab, on: hosts[host].name, at: now)
            refreshOrder()
            if let tickets = queue.lines[head.line], let next = self.head(of: head.line, tickets) { heads.insert(next) }
        }
        return queue.count < waiting
    }

    private func head(of line: Queue.Line, _ tickets: [Queue.Ticket]) -> Head? {
        queue.place(of: tickets[0], in: line.portal).map { Head(place: $0, line: line) }
    }

    /// Ask the hosts that have changed since the last placement what they offer.
    mutating func refreshOrder() {
        if isOrderOld {
            order.reset(hosts: hosts.count, sizes: Set(catalogue.labs.values.map(\.memoryBytes)))
            isOrderOld = false
        }
        order.refresh { hosts[$0].offer($1) }
    }

    /// The open host on which one more seat of this lab gives the lowest density; by name among equals. One that is
    /// shunned only if there is no other.
    private func bestHost(for lab: Lab, boundTo bound: String?, held: Set<Int>, shunning shunned: String?) -> Int? {
        func isPossible(_ index: Int) -> Bool {
            !held.contains(index) && !hosts[index].settings.lackingLabs.contains(lab.name)
        }
        if let bound {
            guard let index = hostIndex[bound], isPossible(index) else { return nil }
            return hosts[index].offer(lab.memoryBytes).open < .infinity ? index : nil
        }
        let shunnedIndex = shunned.flatMap { hostIndex[$0] }
        return order.bestOpen(lab.memoryBytes) { isPossible($0) && $0 != shunnedIndex }
            ?? order.bestOpen(lab.memoryBytes, where: isPossible)
    }

    /// The host that is nearest to having a seat for a lab that finds none now.
    private func hostToHold(for lab: Lab, boundTo bound: String?, held: Set<Int>) -> Int? {
        let boundIndex = bound.flatMap { hostIndex[$0] }
        if bound != nil, boundIndex == nil { return nil }
        return order.nearest(lab.memoryBytes) { index in
            (boundIndex == nil || index == boundIndex) && !held.contains(index)
                && !hosts[index].settings.lackingLabs.contains(lab.name)
        }
    }

    private mutating func start(_ old: Entry, lab: Lab, on host: String, at now: Timestamp) {
        var entry = old
        entry.session.state = .starting(host: host, step: .creating, since: now)
        entry.seatMemory = lab.memoryBytes
        entry.startCrowd = (record(of: host)?.usage.starting ?? 0) + 1
        store(entry, at: now, because: "A seat on \(host) is free; its container is being created.")
        emit(.start(entry.session.id, epoch: entry.session.epoch, host: host))
        audit(placementOf: entry, on: host)
    }
}
