/// Which host to take next, for each kind of demand, without looking at every host: a tournament of hosts for
/// each. A change to a host costs O(demands * log hosts), the best host O(log hosts).
struct HostOrder: Sendable {
    /// What a host offers to a session of some demand: the lower the better, infinity is not at all.
    struct Offer: Hashable, Sendable {
        /// The density with that seat, where it could start now.
        var open = Double.infinity
        /// The density with that seat, where it could start once others have left.
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

        /// The index with the lowest value that is wanted; the lowest index among equals.
        func first(where isWanted: (Int) -> Bool) -> Int? { search(1, below: .infinity, isWanted)?.index }

        private func search(
            _ node: Int, below limit: Double, _ isWanted: (Int) -> Bool
        ) -> (index: Int, value: Double)? {
            guard nodes[node] < limit else { return nil }
            guard node < leaves else { return isWanted(node - leaves) ? (node - leaves, nodes[node]) : nil }
            let (left, right) = (node * 2, node * 2 + 1)
            // The better side first, to pass over as much as possible of the other.
            if nodes[right] < nodes[left] {
                let found = search(right, below: limit, isWanted)
                // Of equals, the one on the left.
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
    /// Hosts whose offers must be asked for again, each once.
    private var stale: [Int] = []
    private var isStale: [Bool] = []

    /// A host has changed.
    mutating func touch(_ index: Int) {
        guard index < isStale.count, !isStale[index] else { return }
        isStale[index] = true
        stale.append(index)
    }

    /// Hosts came or went, or the catalogue has other demands.
    mutating func reset(hosts: Int, demands: Set<Demand>) {
        let empty = Tournament(count: hosts)
        // In no order: each is found by what it is for.
        rankings = demands.map { Ranking(demand: $0, open: empty, promised: empty) }
        isStale = Array(repeating: true, count: hosts)
        stale = Array(0..<hosts)
    }

    /// Ask the hosts that have changed. Each is looked up once for all demands: a record is a dozen references to count.
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

    /// No host has a seat for anybody that could start now.
    var isClosed: Bool { rankings.allSatisfy { $0.open.best == .infinity } }

    /// Whether a session of that demand could start on this host now.
    func isOpen(_ index: Int, to demand: Demand) -> Bool {
        rankings.first { $0.demand == demand }.map { $0.open[index] < .infinity } ?? false
    }

    /// The host on which one more seat gives the lowest density, of those where it could start now.
    func bestOpen(_ demand: Demand, where isWanted: (Int) -> Bool) -> Int? {
        rankings.first { $0.demand == demand }?.open.first(where: isWanted)
    }

    /// The host that is nearest to having a seat for this demand.
    func nearest(_ demand: Demand, where isWanted: (Int) -> Bool) -> Int? {
        rankings.first { $0.demand == demand }?.promised.first(where: isWanted)
    }
}
