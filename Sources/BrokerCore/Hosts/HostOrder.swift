/// Finds the best host for each demand without visiting every host, with one tournament tree of hosts per demand. A
/// change to a host costs O(demands * log hosts), finding the best host O(log hosts).
struct HostOrder: Sendable {
    /// How well a host suits a session of some demand: lower is better, infinity means not at all.
    struct Offer: Hashable, Sendable {
        /// The density including that seat, if it could start now.
        var open = Double.infinity
        /// The density including that seat, if it could start once other sessions have left.
        var promised = Double.infinity
    }

    struct Tournament: Sendable {
        private var leaves = 0
        /// A complete binary tree, root at 1, leaves from `leaves`; a node has the lower of its children's values.
        private var nodes: [Double] = []

        init(count: Int) {
            leaves = 1
            while leaves < count { leaves *= 2 }
            nodes = Array(repeating: .infinity, count: leaves * 2)
        }

        var best: Double { nodes[1] }

        subscript(index: Int) -> Double { nodes[leaves + index] }

        mutating func set(_ value: Double, at index: Int) {
            var node = leaves + index
            guard nodes[node] != value else { return }
            nodes[node] = value
            while node > 1 {
                node /= 2
                let value = min(nodes[node * 2], nodes[node * 2 + 1])
                guard nodes[node] != value else { return }
                nodes[node] = value
            }
        }

        /// The index with the lowest value among those wanted; among equals the lowest index.
        func first(where isWanted: (Int) -> Bool) -> Int? { search(1, below: .infinity, isWanted)?.index }

        private func search(
            _ node: Int, below limit: Double, _ isWanted: (Int) -> Bool
        ) -> (index: Int, value: Double)? {
            guard nodes[node] < limit else { return nil }
            guard node < leaves else { return isWanted(node - leaves) ? (node - leaves, nodes[node]) : nil }
            let (left, right) = (node * 2, node * 2 + 1)
            // The better subtree first, to prune as much as possible of the other.
            if nodes[right] < nodes[left] {
                let found = search(right, below: limit, isWanted)
                // Of equal values, take the left one.
                return search(left, below: found?.value.nextUp ?? limit, isWanted) ?? found
            }
            let found = search(left, below: limit, isWanted)
            return search(right, below: found?.value ?? limit, isWanted) ?? found
        }
    }

    private struct Ranking: Sendable {
        let demand: Demand
        var open: Tournament
        var promised: Tournament
    }

    private var rankings: [Ranking] = []
    /// Hosts whose offers must be recomputed, each once.
    private var stale: [Int] = []
    private var isStale: [Bool] = []

    /// Marks a host as changed.
    mutating func touch(_ index: Int) {
        guard index < isStale.count, !isStale[index] else { return }
        isStale[index] = true
        stale.append(index)
    }

    /// Rebuilds the order after hosts were added or removed, or the catalogue's demands have changed.
    mutating func reset(hosts: Int, demands: Set<Demand>) {
        let empty = Tournament(count: hosts)
        // The order does not matter: each ranking is found by its demand.
        rankings = demands.map { Ranking(demand: $0, open: empty, promised: empty) }
        isStale = Array(repeating: true, count: hosts)
        stale = Array(0..<hosts)
    }

    /// Recomputes the offers of hosts that have changed. Each host is fetched once for all demands, because copying a
    /// record retains and releases a dozen references.
    mutating func refresh<Host>(host: (Int) -> Host, offer: (Host, Demand) -> Offer) {
        guard !stale.isEmpty else { return }
        for index in stale {
            isStale[index] = false
            let host = host(index)
            for ranking in rankings.indices {
                let offer = offer(host, rankings[ranking].demand)
                rankings[ranking].open.set(offer.open, at: index)
                rankings[ranking].promised.set(offer.promised, at: index)
            }
        }
        stale.removeAll(keepingCapacity: true)
    }

    /// No host has a seat in which any session could start now.
    var isClosed: Bool { rankings.allSatisfy { $0.open.best == .infinity } }

    /// Whether a session of that demand could start on this host now.
    func isOpen(_ index: Int, to demand: Demand) -> Bool {
        rankings.first { $0.demand == demand }.map { $0.open[index] < .infinity } ?? false
    }

    /// Of the hosts where it could start now, the one whose density with one more seat is lowest.
    func bestOpen(_ demand: Demand, where isWanted: (Int) -> Bool) -> Int? {
        rankings.first { $0.demand == demand }?.open.first(where: isWanted)
    }

    /// The host that is closest to having a seat for this demand.
    func nearest(_ demand: Demand, where isWanted: (Int) -> Bool) -> Int? {
        rankings.first { $0.demand == demand }?.promised.first(where: isWanted)
    }
}
