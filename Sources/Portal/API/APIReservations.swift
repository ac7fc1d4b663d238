import Broker
import BrokerCore
import Doors
import Identity
import Store

/// The answer to `GET /v1/reservations`, the latest start first; past and cancelled ones included.
public struct APIReservations: Hashable, Sendable, Codable {
    public var reservations: [ReservationView]
    public init(reservations: [ReservationView]) { self.reservations = reservations }

    static func limit(_ query: [(name: String, value: String)]) throws(APIRefusal) -> Int {
        var limit = 100
        for (name, value) in query {
            if value.isEmpty { throw APIRefusal.empty(name) }
            guard name == "limit", let number = Int(value), (1...StoreLimits.listLength).contains(number) else {
                throw APIRefusal.bad("\(name) is \"\(value)\"; limit must be between 1 and \(StoreLimits.listLength).")
            }
            limit = number
        }
        return limit
    }
}

/// The answer to the other calls about reservations: the current state of the reservation.
public struct APIReservation: Hashable, Sendable, Codable {
    public var reservation: ReservationView
    public init(reservation: ReservationView) { self.reservation = reservation }
}

/// The body of `POST /v1/reservations`. Fields that are missing have the defaults of `ReservationTerms`.
public struct APIReserve: Hashable, Sendable, Codable {
    public var portal: PortalID
    public var lab: String
    public var seats: Int
    public var from: Timestamp
    public var to: Timestamp
    public var warmPercent: Int?
    public var leadSeconds: Int?
    public var noShowSeconds: Int?
    public var overrunSeconds: Int?
    public var context: String?
    public var roster: [String]?
    /// The time zone in whose wall time the reservation is meant: it keeps that wall time when the zone's rules change.
    /// It comes with the times that the clocks show, in seconds since 1970 as if the clocks showed UTC.
    public var zone: String?
    public var wallFrom: Int64?
    public var wallTo: Int64?

    public init(_ terms: ReservationTerms) {
        portal = terms.portal
        lab = terms.lab.name
        seats = terms.seats
        from = terms.from
        to = terms.to
        warmPercent = terms.warmPercent
        leadSeconds = Int(terms.lead.components.seconds)
        noShowSeconds = Int(terms.noShowAfter.components.seconds)
        overrunSeconds = Int(terms.overrun.components.seconds)
        context = terms.context
        roster = terms.roster.isEmpty ? nil : terms.roster.sorted()
        zone = terms.wall?.zone
        wallFrom = terms.wall?.from
        wallTo = terms.wall?.to
    }

    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(
            APIReserve.self, from: body,
            example:
                "{\"portal\":\"school\",\"lab\":\"python\",\"seats\":30,\"from\":1767225600000,\"to\":1767232800000,\"context\":\"101\"}"
        )
    }

    /// The broker validates the meaning; here only numbers that no clock can hold are refused, and seats for nobody, or
    /// for learners who cannot be named in a link.
    ///
    /// - Parameter others: learners in addition to its own roster, already checked.
    func terms(for others: Set<String> = []) throws(APIRefusal) -> ReservationTerms {
        var terms = ReservationTerms(
            lab: LabKey(portal: portal, name: lab), seats: seats, from: from, to: to, context: context)
        let moments = [from.milliseconds, to.milliseconds]
        let spans = [leadSeconds, noShowSeconds, overrunSeconds].compactMap { $0 }
        guard moments.allSatisfy({ (0...PortalLimits.latestMoment).contains($0) }),
            spans.allSatisfy({ (0...Int(PortalLimits.latestMoment / 1000)).contains($0) })
        else {
            throw APIRefusal.bad("The times are out of range: moments are milliseconds since 1970, spans are seconds.")
        }
        if let warmPercent { terms.warmPercent = warmPercent }
        if let leadSeconds { terms.lead = .seconds(leadSeconds) }
        if let noShowSeconds { terms.noShowAfter = .seconds(noShowSeconds) }
        if let overrunSeconds { terms.overrun = .seconds(overrunSeconds) }
        if let context { try APIRefusal.check(context, name: "context", limit: IdentityLimits.contextLength) }
        terms.roster = others.union(try Self.checked(roster))
        guard terms.context != nil || !terms.roster.isEmpty else {
            throw APIRefusal.bad("context and roster are both left out; say whom the seats are for with one of them.")
        }
        terms.wall = try wall()
        return terms
    }

    /// Checks the learners of a roster, if there is one.
    static func checked(_ roster: [String]?) throws(APIRefusal) -> [String] {
        guard let roster else { return [] }
        if roster.isEmpty { throw APIRefusal.empty("roster") }
        for learner in roster {
            try APIRefusal.check(learner, name: "a learner of roster", limit: IdentityLimits.subjectLength)
        }
        return roster
    }

    private func wall() throws(APIRefusal) -> WallSpan? {
        guard let zone, let wallFrom, let wallTo else {
            guard zone == nil, wallFrom == nil, wallTo == nil else {
                throw APIRefusal.bad("zone, wall_from and wall_to belong together: give all of them, or none.")
            }
            return nil
        }
        try Self.check(zone: zone, [wallFrom, wallTo])
        return WallSpan(zone: zone, from: wallFrom, to: wallTo)
    }

    static func check(zone: String, _ seconds: [Int64]) throws(APIRefusal) {
        guard (1...PortalLimits.zoneNameBytes).contains(zone.utf8.count),
            seconds.allSatisfy({ (0...PortalLimits.latestMoment / 1000).contains($0) })
        else {
            throw APIRefusal.bad("A time zone is a name such as Europe/Warsaw, and its times are seconds since 1970.")
        }
    }
}
