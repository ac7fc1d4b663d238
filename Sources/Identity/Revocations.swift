/// Which tickets are revoked, and so the one place where a ticket becomes `Claims`.
///
/// Every revocation is a new generation. A ticket carries the generation in which it was made; revoking a person or a
/// portal revokes all of its tickets of earlier generations, and whoever launches again gets one of the new generation.
/// So it does not depend on the clock which of two came first. A sign-out revokes one visit.
///
/// Memory is bounded: a record is dropped when all tickets that it revokes have expired (`prune`). Where the records
/// would exceed their limit, nothing is forgotten, but more is revoked: all tickets of the person instead of one visit,
/// or all tickets of the portal instead of one person's. One portal's records never affect another portal.
public struct Revocations: Hashable, Sendable {
    /// What a revocation revokes.
    public enum Target: Hashable, Sendable, Codable {
        /// One visit of a person: sign-out.
        case visit(String, of: Person)
        /// All present tickets of a person.
        case person(Person)
        /// All present tickets of a portal.
        case portal(PortalID)
    }

    /// A revocation, as it is stored.
    public struct Record: Hashable, Sendable, Codable {
        public var target: Target
        /// The generation that it began.
        public var generation: Int64
        /// Seconds since 1970; every ticket that it revokes has expired by then.
        public var until: Int64

        public init(target: Target, generation: Int64, until: Int64) {
            self.target = target
            self.generation = generation
            self.until = until
        }
    }

    private struct Mark: Hashable {
        var generation: Int64
        var until: Int64
    }

    private struct PersonMarks: Hashable {
        var all: Mark?
        var visits: [String: Mark] = [:]
    }

    private struct PortalMarks: Hashable {
        var all: Mark?
        var people: [Person: PersonMarks] = [:]
    }

    /// The number of revocations so far; new tickets carry it.
    public private(set) var generation: Int64
    private var portals: [PortalID: PortalMarks] = [:]

    /// - Parameters:
    ///   - generation: as it was stored. If it is lost, tickets of later generations are refused.
    ///   - records: as they were stored, in any order.
    public init(generation: Int64 = 0, records: [Record] = []) {
        self.generation = records.map(\.generation).reduce(generation, max)
        for record in records.sorted(by: { $0.generation < $1.generation }) { insert(record) }
    }

    // MARK: Admission

    /// The claims of a ticket whose signature has been verified.
    ///
    /// - Parameters:
    ///   - portal: the portal that received it.
    ///   - now: seconds since 1970.
    /// - Throws: `wrongPortal`, `notYetValid`, `expired` or `revoked`.
    public func admit(_ ticket: TicketClaims, to portal: PortalID, at now: Int64) throws(TicketFault) -> Claims {
        guard ticket.person.portal == portal else { throw .wrongPortal }
        guard ticket.issued <= now + IdentityLimits.clockTolerance, ticket.generation <= generation else {
            throw .notYetValid
        }
        guard now < ticket.expires else { throw .expired }
        guard !isRevoked(Visit(ticket)) else { throw .revoked }
        return ticket.claims(at: now)
    }

    /// Whether all tickets of the visit are revoked.
    public func isRevoked(_ visit: Visit) -> Bool {
        guard let portal = portals[visit.person.portal] else { return false }
        let person = portal.people[visit.person]
        return [portal.all, person?.all].contains { $0.map { visit.generation < $0.generation } ?? false }
            || person?.visits[visit.id] != nil
    }

    // MARK: Revoking

    /// - Parameter now: seconds since 1970.
    /// - Returns: what is to be stored before the revocation is acknowledged. Its target is wider than the wanted one
    ///   where a limit was reached.
    public mutating func revoke(_ target: Target, at now: Int64) -> Record {
        generation += 1
        let record = Record(
            target: fitting(target, at: now), generation: generation,
            until: now + IdentityLimits.ticketSeconds + IdentityLimits.clockTolerance)
        insert(record)
        return record
    }

    /// The target, or the next wider one for which there is room.
    private mutating func fitting(_ target: Target, at now: Int64) -> Target {
        switch target {
        case .visit(_, let person):
            let visits = (portals[person.portal]?.people[person]?.visits ?? [:]).filter { now < $0.value.until }
            portals[person.portal]?.people[person]?.visits = visits
            let hasRoom = visits.count < IdentityLimits.signedOutVisits
            return fittingPortal(hasRoom ? target : .person(person), of: person, at: now)
        case .person(let person):
            return fittingPortal(target, of: person, at: now)
        case .portal:
            return target
        }
    }

    private mutating func fittingPortal(_ target: Target, of person: Person, at now: Int64) -> Target {
        func hasRoom() -> Bool {
            guard let people = portals[person.portal]?.people else { return true }
            return people[person] != nil || people.count < IdentityLimits.revokedPeople
        }
        if hasRoom() { return target }
        prune(at: now)
        return hasRoom() ? target : .portal(person.portal)
    }

    /// A wider revocation replaces the narrower ones before it.
    private mutating func insert(_ record: Record) {
        let mark = Mark(generation: record.generation, until: record.until)
        switch record.target {
        case .visit(let visit, let person):
            portals[person.portal, default: PortalMarks()].people[person, default: PersonMarks()].visits[visit] = mark
        case .person(let person):
            portals[person.portal, default: PortalMarks()].people[person] = PersonMarks(all: mark)
        case .portal(let portal):
            portals[portal] = PortalMarks(all: mark)
        }
    }

    // MARK: Memory

    /// Forgets the records of which every ticket has expired. O(records).
    ///
    /// - Parameter now: seconds since 1970.
    public mutating func prune(at now: Int64) {
        self = Revocations(generation: generation, records: records.filter { now < $0.until })
    }

    /// What is remembered, in the order in which it was revoked.
    public var records: [Record] {
        portals.flatMap { portal, marks in
            [Self.record(.portal(portal), marks.all)].compactMap(\.self)
                + marks.people.flatMap { person, marks in
                    [Self.record(.person(person), marks.all)].compactMap(\.self)
                        + marks.visits.compactMap { Self.record(.visit($0, of: person), $1) }
                }
        }
        .sorted { $0.generation < $1.generation }
    }

    private static func record(_ target: Target, _ mark: Mark?) -> Record? {
        mark.map { Record(target: target, generation: $0.generation, until: $0.until) }
    }
}
