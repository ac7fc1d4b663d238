/// Which host to take next, for each size of seat, without looking at every host: a tournament of hosts for each
/// memory that a seat may have. A change to a host costs O(sizes * log hosts), the best host O(log hosts).
struct HostOrder: Sendable {
    /// What a host offers to a seat of some memory: the lower the better, infinity is not at all.
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

    private struct Size: Sendable {
        let memory: Int64
        var open: Tournament
        var promised: Tournament
    }

    private var sizes: [Size] = []
    /// Hosts whose offers must be asked for again, each once.
    private var stale: [Int] = []
    private var isStale: [Bool] = []

    /// A host has changed.
    mutating func touch(_ index: Int) {
        guard index < isStale.count, !isStale[index] else { return }
        isStale[index] = true
        stale.append(index)
    }

    /// Hosts came or went, or the catalogue has other sizes.
    mutating func reset(hosts: Int, sizes wanted: Set<Int64>) {
        let empty = Tournament(count: hosts)
        sizes = wanted.sorted().map { Size(memory: $0, open: empty, promised: empty) }
        isStale = Array(repeating: true, count: hosts)
        stale = Array(0..<hosts)
    }

    /// Ask the hosts that have changed.
    mutating func refresh(_ offer: (_ host: Int, _ memory: Int64) -> Offer) {
        guard !stale.isEmpty else { return }
        for index in stale {
            isStale[index] = false
            for size in sizes.indices {
                let offer = offer(index, sizes[size].memory)
                sizes[size].open.set(offer.open, at: index)
                sizes[size].promised.set(offer.promised, at: index)
            }
        }
        stale.removeAll(keepingCapacity: true)
    }

    /// No host has a seat of any size that could start now.
    var isClosed: Bool { sizes.allSatisfy { $0.open.best == .infinity } }

    /// The host on which one more seat of this memory gives the lowest density, of those where it could start now.
    func bestOpen(_ memory: Int64, where isWanted: (Int) -> Bool) -> Int? {
        sizes.first { $0.memory == memory }?.open.first(where: isWanted)
    }

    /// The host that is nearest to having a seat of this memory.
    func nearest(_ memory: Int64, where isWanted: (Int) -> Bool) -> Int? {
        sizes.first { $0.memory == memory }?.promised.first(where: isWanted)
    }
}
