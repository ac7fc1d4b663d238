/// Sessions that wait for a seat: one order for all, by (since, id), and a line for each group of sessions that the
/// same hosts can serve, so that placement looks at the head of each line and never at everybody.
struct Queue: Sendable {
    /// A place in the queue.
    struct Ticket: Hashable, Comparable, Sendable {
        var since: Timestamp
        var id: SessionID

        static func < (a: Ticket, b: Ticket) -> Bool { (a.since, a.id) < (b.since, b.id) }
    }

    /// What decides which hosts can serve a waiting session: its lab, and the host that its home is bound to.
    struct Line: Hashable, Comparable, Sendable {
        var lab: String
        var host: String?

        static func < (a: Line, b: Line) -> Bool { (a.lab, a.host ?? "") < (b.lab, b.host ?? "") }
    }

    /// Everybody, in order.
    private(set) var order: [Ticket] = []
    /// Those who may be placed, in order, by line. No line is empty.
    private(set) var lines: [Line: [Ticket]] = [:]
    private var lineOf: [SessionID: Line] = [:]
    /// Somebody's position has changed since this was last cleared.
    var hasMoved = false

    var count: Int { order.count }

    func line(of id: SessionID) -> Line? { lineOf[id] }

    /// The position of a ticket, from 1.
    func position(of ticket: Ticket) -> Int? { order.position(of: ticket) }

    mutating func insert(_ ticket: Ticket) {
        let index = order.insertionIndex(of: ticket)
        hasMoved = hasMoved || index < order.count
        order.insert(ticket, at: index)
    }

    mutating func remove(_ ticket: Ticket) {
        setLine(nil, of: ticket)
        let index = order.insertionIndex(of: ticket)
        guard index < order.count, order[index] == ticket else { return }
        order.remove(at: index)
        hasMoved = hasMoved || index < order.count
    }

    /// Put a ticket into a line, or, with `nil`, hold it back from placement: it keeps its position.
    mutating func setLine(_ line: Line?, of ticket: Ticket) {
        let old = lineOf[ticket.id]
        guard old != line else { return }
        if let old {
            lineOf[ticket.id] = nil
            lines[old]?.removeTicket(ticket)
            if lines[old]?.isEmpty == true { lines[old] = nil }
        }
        if let line {
            lineOf[ticket.id] = line
            lines[line, default: []].insertTicket(ticket)
        }
    }
}

extension [Queue.Ticket] {
    func insertionIndex(of ticket: Queue.Ticket) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < ticket { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// From 1.
    func position(of ticket: Queue.Ticket) -> Int? {
        let index = insertionIndex(of: ticket)
        return index < count && self[index] == ticket ? index + 1 : nil
    }

    fileprivate mutating func insertTicket(_ ticket: Queue.Ticket) {
        insert(ticket, at: insertionIndex(of: ticket))
    }

    fileprivate mutating func removeTicket(_ ticket: Queue.Ticket) {
        let index = insertionIndex(of: ticket)
        if index < count, self[index] == ticket { remove(at: index) }
    }
}
