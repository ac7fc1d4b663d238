import BrokerCore

/// A priority queue of planned items, ordered by time, then by insertion.
struct Agenda<Item> {
    private var items: [(time: Timestamp, serial: Int, item: Item)] = []
    private var serial = 0

    var first: Timestamp? { items.last?.time }

    mutating func add(_ item: Item, at time: Timestamp) {
        serial += 1
        // Latest first, so that the next item is removed from the end.
        var low = 0
        var high = items.count
        while low < high {
            let middle = (low + high) / 2
            if items[middle].time > time { low = middle + 1 } else { high = middle }
        }
        items.insert((time, serial, item), at: low)
    }

    mutating func next() -> (time: Timestamp, item: Item)? {
        items.popLast().map { ($0.time, $0.item) }
    }

    mutating func removeAll(where isUnwanted: (Item) -> Bool) {
        items.removeAll { isUnwanted($0.item) }
    }
}
