import Identity

/// Sessions that wait for a seat.
///
/// Portals take turns (start-time fair queueing): the launches of one portal get consecutive turns in order of arrival;
/// the lowest turn is served next, and among equals the earlier launch. A portal without waiting launches joins at the
/// turn that is being served, or after the last turn that it was given, so it does not wait behind another portal's
/// backlog and gains nothing by rejoining often. A portal's first launch may thus precede another portal's fiftieth
/// although that one arrived earlier; within a portal the order is first come, first served. A session that finds no
/// seat keeps its turn.
///
/// Tickets that may be placed are also in lines, one for each group that the same hosts can serve, so that placement
/// examines the head of each line and never all tickets.
struct Queue: Sendable {
    /// A launch within its portal's order.
    struct Ticket: Hashable, Comparable, Sendable {
        var since: Timestamp
        var id: SessionID

        static func < (a: Ticket, b: Ticket) -> Bool { (a.since, a.id) < (b.since, b.id) }
    }

    /// A position in the order across portals.
    struct Place: Hashable, Comparable, Sendable {
        var turn: Int64
        var ticket: Ticket

        static func < (a: Place, b: Place) -> Bool { (a.turn, a.ticket) < (b.turn, b.ticket) }
    }

    /// Whose launches take turns with those of others: portals in the general queue, reservations in that of cohorts.
    enum Party: Hashable, Comparable, Sendable {
        case portal(PortalID)
        case reservation(ReservationID)
    }

    /// What determines which hosts can serve a waiting session: its lab, and the host that its home is bound to.
    struct Line: Hashable, Comparable, Sendable {
        var party: Party
        var lab: LabKey
        var host: String?

        static func < (a: Line, b: Line) -> Bool {
            (a.party, a.lab, a.host ?? "") < (b.party, b.lab, b.host ?? "")
        }
    }

    /// The virtual clock of fair queueing. Not stored: after a restart turns are reassigned in order of arrival.
    struct Turns: Hashable, Sendable {
        /// The latest turn that was served.
        var served: Int64 = 0
        /// The turn of each portal's next launch, unless `served` has passed it.
        var next: [Party: Int64] = [:]
        /// The turns of waiting tickets, by portal, in ticket order; they never decrease along it.
        var held: [Party: [Int64]] = [:]
    }

    /// Why a ticket leaves the queue.
    enum Departure {
        case seated
        /// It left without a seat: later tickets of its portal move up.
        case gaveUp
    }

    private(set) var turns = Turns()
    /// Waiting tickets in order, by portal. No list is empty.
    private(set) var waiting: [Party: [Ticket]] = [:]
    /// Tickets that may be placed, in order, by line. No line is empty.
    private(set) var lines: [Line: [Ticket]] = [:]
    /// The lines of each portal. No set is empty.
    private(set) var linesOf: [Party: Set<Line>] = [:]
    private(set) var count = 0
    private var lineOf: [SessionID: Line] = [:]
    /// Whether a position has changed since this was last cleared.
    var hasMoved = false

    /// Shifts the times of all tickets, which does not change their order.
    mutating func shift(by jump: Duration) {
        func shifted(_ tickets: [Ticket]) -> [Ticket] {
            tickets.map { Ticket(since: $0.since + jump, id: $0.id) }
        }
        waiting = waiting.mapValues(shifted)
        lines = lines.mapValues(shifted)
    }

    func line(of id: SessionID) -> Line? { lineOf[id] }

    /// A waiting ticket's place in the order across portals. O(log n).
    func place(of ticket: Ticket, in party: Party) -> Place? {
        guard let rank = waiting[party]?.rank(of: ticket), let turns = turns.held[party] else { return nil }
        return Place(turn: turns[rank], ticket: ticket)
    }

    /// The place of a portal's first ticket; no head of its lines comes before it. O(1).
    func firstPlace(in party: Party) -> Place? {
        guard let ticket = waiting[party]?.first, let turn = turns.held[party]?.first else { return nil }
        return Place(turn: turn, ticket: ticket)
    }

    /// A ticket's position among all, from 1. O(portals * log n).
    func position(of ticket: Ticket, in party: Party) -> Int? {
        guard let place = place(of: ticket, in: party) else { return nil }
        return waiting.reduce(1) { position, other in
            guard let turns = turns.held[other.key] else { return position }
            var low = 0
            var high = other.value.count
            while low < high {
                let middle = (low + high) / 2
                let candidate = Place(turn: turns[middle], ticket: other.value[middle])
                if candidate < place { low = middle + 1 } else { high = middle }
            }
            return position + low
        }
    }

    /// All tickets, in order. O(n log n): for tests and checks.
    var order: [Ticket] {
        waiting.flatMap { party, tickets in tickets.compactMap { place(of: $0, in: party) } }.sorted().map(\.ticket)
    }

    /// - Parameter isReturning: the session had a seat and lost it, so it gets the turn that is being served.
    mutating func insert(_ ticket: Ticket, in party: Party, isReturning: Bool) {
        let index = waiting[party, default: []].insertionIndex(of: ticket)
        waiting[party, default: []].insert(ticket, at: index)
        let held = turns.held[party] ?? []
        var turn = max(turns.served, turns.next[party] ?? turns.served)
        if isReturning {
            turn = turns.served
        } else {
            turns.next[party] = turn + 1
        }
        // A launch that came earlier is inserted before others and must not get a later turn.
        if index < held.count { turn = min(turn, held[index]) }
        if index > 0 { turn = max(turn, held[index - 1]) }
        turns.held[party, default: []].insert(turn, at: index)
        count += 1
        hasMoved = hasMoved || position(of: ticket, in: party) != count
    }

    mutating func remove(_ ticket: Ticket, of party: Party, _ departure: Departure) {
        setLine(nil, of: ticket)
        guard let rank = waiting[party]?.rank(of: ticket) else { return }
        hasMoved = hasMoved || position(of: ticket, in: party) != count
        waiting[party]?.remove(at: rank)
        let turn = turns.held[party]?.remove(at: rank)
        switch departure {
        case .seated:
            turns.served = max(turns.served, turn ?? 0)
        case .gaveUp:
            for later in rank..<(waiting[party]?.count ?? 0) {
                turns.held[party]![later] = max(turns.held[party]![later] - 1, turn ?? 0)
            }
            turns.next[party]? -= 1
        }
        count -= 1
        if waiting[party]?.isEmpty == true {
            waiting[party] = nil
            turns.held[party] = nil
        }
        // With an empty queue there is no order to keep fair.
        if count == 0 { turns = Turns() }
    }

    /// Restores the turns after a rollback has reinserted the tickets.
    mutating func restore(_ turns: Turns) { self.turns = turns }

    /// Puts a ticket into a line, or with `nil` holds it back from placement; its position stays the same.
    mutating func setLine(_ line: Line?, of ticket: Ticket) {
        let old = lineOf[ticket.id]
        guard old != line else { return }
        if let old {
            lineOf[ticket.id] = nil
            lines[old]?.removeTicket(ticket)
            if lines[old]?.isEmpty == true {
                lines[old] = nil
                linesOf[old.party]?.remove(old)
                if linesOf[old.party]?.isEmpty == true { linesOf[old.party] = nil }
            }
        }
        if let line {
            lineOf[ticket.id] = line
            if lines[line] == nil { linesOf[line.party, default: []].insert(line) }
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

    /// The index of a ticket, from 0.
    func rank(of ticket: Queue.Ticket) -> Int? {
        let index = insertionIndex(of: ticket)
        return index < count && self[index] == ticket ? index : nil
    }

    fileprivate mutating func insertTicket(_ ticket: Queue.Ticket) {
        insert(ticket, at: insertionIndex(of: ticket))
    }

    fileprivate mutating func removeTicket(_ ticket: Queue.Ticket) {
        if let index = rank(of: ticket) { remove(at: index) }
    }
}
