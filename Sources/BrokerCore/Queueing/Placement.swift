import HeapModule
import Identity

/// Moves sessions from the queue to seats.
///
/// Lines are tried in queue order, by their head. A line whose head finds no seat is skipped until the next round, so
/// that a session that can only go to one full host does not block the others. If a head lacks memory that smaller labs
/// behind it would take bit by bit, the host that is closest to having enough is held for it.
extension BrokerCore {
    private struct Head: Comparable {
        var place: Queue.Place
        var line: Queue.Line

        static func < (a: Head, b: Head) -> Bool { a.place < b.place }
    }

    /// The heads of all lines, in queue order. A freed seat is for one of them: the lines of a portal are considered
    /// when its first ticket is next.
    private struct Heads {
        private struct Next: Comparable {
            var place: Queue.Place
            var party: Queue.Party

            static func < (a: Next, b: Next) -> Bool { a.place < b.place }
        }

        private var parties: Heap<Next>
        private var lines = Heap<Head>()

        init(_ queue: Queue) {
            parties = Heap(
                queue.linesOf.keys.compactMap { party in
                    queue.firstPlace(in: party).map { Next(place: $0, party: party) }
                })
        }

        mutating func popMin(of queue: Queue) -> Head? {
            while let next = parties.min, lines.min.map({ next.place <= $0.place }) ?? true {
                parties.removeMin()
                for line in queue.linesOf[next.party] ?? [] { insert(line, of: queue) }
            }
            return lines.popMin()
        }

        /// Inserts the head of a line, if the line is not empty.
        mutating func insert(_ line: Queue.Line, of queue: Queue) {
            guard let ticket = queue.lines[line]?.first, let place = queue.place(of: ticket, in: line.party) else {
                return
            }
            lines.insert(Head(place: place, line: line))
        }
    }

    /// The key that lines of different parties share if the same hosts can serve them.
    private struct Need: Hashable {
        var lab: LabKey
        var host: String?
    }

    mutating func placeWaiting(at now: Timestamp) {
        guard catalogue.isConfigured else { return }
        claimWarmSeats(at: now)
        // Without shared homes a placement can bind its learner's other sessions, and so release what was held for them
        // or what they waited for. A placement that uses up a quota releases the host that was held for another session
        // of the same portal. Placement then runs again.
        var hasPlaced = true
        while hasPlaced {
            let hasSeated = placeCohorts(at: now)
            hasPlaced = (placeOnce(at: now) || hasSeated) && placementsRelease
        }
        refreshHeld()
    }

    /// Whether a placement can let another session in. O(portals).
    private var placementsRelease: Bool {
        !sharedHomes || catalogue.portals?.values.contains { $0.quota != PortalQuota() } ?? false
    }

    /// Places sessions with a reservation, each on a host that holds a seat of it. A line whose hosts have no free
    /// start does not block the others.
    private mutating func placeCohorts(at now: Timestamp) -> Bool {
        guard cohorts.count > 0 else { return false }
        let waiting = cohorts.count
        var heads = Heads(cohorts)
        while let head = heads.popMin(of: cohorts) {
            refreshOrder(at: now)
            guard let entry = entries[head.place.ticket.id], let lab = catalogue.labs[head.line.lab],
                let host = reservedHost(for: entry, lab, boundTo: head.line.host)
            else { continue }
            start(entry, lab: lab, on: hosts[host].name, at: now)
            heads.insert(head.line, of: cohorts)
        }
        return cohorts.count < waiting
    }

    /// The host for a session with a reservation: of the hosts that hold a seat of it, the least full. If none holds
    /// one for it (its files are on another host, or the reservation is degraded), it takes any seat.
    private func reservedHost(for entry: Entry, _ lab: Lab, boundTo bound: String?) -> Int? {
        guard let reservation = entry.session.reservation.flatMap({ reservations[$0] }) else { return nil }
        var best: (index: Int, isShunned: Bool, density: Double)?
        var isHeld = false
        for name in reservation.allocation.keys where bound == nil || name == bound {
            guard let index = hostIndex[name], seating.held(reservation, on: name) > 0 else { continue }
            let host = hosts[index]
            guard host.settings.isPromising, host.spec.satisfies(lab.requires),
                !host.settings.lackingLabs.contains(lab.key)
            else { continue }
            isHeld = true
            guard host.isOpen, host.hasRoom(for: lab.memoryBytes) else { continue }
            let candidate = (
                index: index, isShunned: name == entry.shunned || host.lacksImage(of: lab),
                density: host.density(adding: lab.memoryBytes)
            )
            if let old = best {
                let isBetter =
                    candidate.isShunned == old.isShunned
                    ? (candidate.density, candidate.index) < (old.density, old.index) : old.isShunned
                guard isBetter else { continue }
            }
            best = candidate
        }
        if isHeld { return best?.index }
        return bestHost(for: lab, lab.demand, boundTo: bound, held: [], shunning: entry.shunned)
    }

    /// One pass over the lines of the general queue; returns whether a session was placed.
    private mutating func placeOnce(at now: Timestamp) -> Bool {
        guard queue.count > 0 else { return false }
        refreshOrder(at: now)
        guard !order.isClosed else { return false }
        let waiting = queue.count
        var heads = Heads(queue)
        var held: Set<Int> = []
        var blocked: Set<Need> = []
        while !order.isClosed, let head = heads.popMin(of: queue) {
            let need = Need(lab: head.line.lab, host: head.line.host)
            guard !blocked.contains(need), let entry = entries[head.place.ticket.id],
                let lab = catalogue.labs[head.line.lab], hasQuota(for: lab)
            else { continue }
            let demand = demand(of: lab)
            guard
                let host = bestHost(
                    for: lab, demand, boundTo: head.line.host, held: held, shunning: entry.shunned)
            else {
                blocked.insert(need)
                if let host = hostToHold(for: lab, boundTo: head.line.host, held: held) { held.insert(host) }
                continue
            }
            start(entry, lab: lab, on: hosts[host].name, at: now)
            refreshOrder(at: now)
            heads.insert(head.line, of: queue)
        }
        return queue.count < waiting
    }

    /// Recomputes the offers of the hosts that have changed since the last placement.
    mutating func refreshOrder(at now: Timestamp) {
        refreshHeld()
        if isOrderOld {
            order.reset(hosts: hosts.count, demands: demands)
            isOrderOld = false
        }
        // Copies the array's reference, because a closure that captures `self` would copy the whole core.
        let hosts = hosts
        order.refresh(host: { hosts[$0] }, offer: { $0.offer($1, at: now) })
    }

    /// The open host whose density with one more seat of this lab is lowest; among equals the first by name. A shunned
    /// host is chosen only if there is no other.
    private func bestHost(
        for lab: Lab, _ demand: Demand, boundTo bound: String?, held: Set<Int>, shunning shunned: String?
    ) -> Int? {
        if let bound {
            guard let index = hostIndex[bound], !held.contains(index),
                !hosts[index].settings.lackingLabs.contains(lab.key)
            else { return nil }
            return order.isOpen(index, to: demand) ? index : nil
        }
        let shunnedIndex = shunned.flatMap { hostIndex[$0] }
        let (hosts, key, image) = (hosts, lab.key, lab.image)
        let best = hosts.withUnsafeBufferPointer { hosts in
            func hasImage(_ index: Int) -> Bool { !held.contains(index) && !hosts[index].lacks(key, image: image) }
            return order.bestOpen(demand, where: { $0 != shunnedIndex && hasImage($0) })
                ?? order.bestOpen(demand, where: hasImage)
        }
        if let best { return best }
        // Listings are up to a minute old, so if none shows the image, a host is tried and its answer decides.
        guard isImageNowhere(lab, boundTo: nil) else { return nil }
        return order.bestOpen(demand) { !held.contains($0) && !hosts[$0].settings.lackingLabs.contains(key) }
    }

    /// The host that is closest to having a seat for a lab that finds none now.
    private func hostToHold(for lab: Lab, boundTo bound: String?, held: Set<Int>) -> Int? {
        let boundIndex = bound.flatMap { hostIndex[$0] }
        if bound != nil, boundIndex == nil { return nil }
        let hosts = hosts
        let eligible = hostsEligible(for: lab, boundTo: bound)
        return hosts.withUnsafeBufferPointer { hosts in
            order.nearest(demand(of: lab)) { index in
                (boundIndex == nil || index == boundIndex) && !held.contains(index) && eligible(hosts[index])
            }
        }
    }

    private mutating func start(_ old: Entry, lab: Lab, on host: String, at now: Timestamp) {
        var entry = old
        entry.session.state = .starting(host: host, step: .creating, since: now)
        entry.seatMemory = charge(for: entry.session, lab, on: host)
        entry.startCrowd = (record(of: host)?.usage.starting ?? 0) + 1
        store(entry, at: now, because: .seatFound(host: host))
        if let reservation = entry.session.reservation { notePeak(of: reservation) }
        emit(.start(entry.session.id, epoch: entry.session.epoch, host: host))
        audit(placementOf: entry, on: host, at: now)
    }
}
