import Testing

@testable import BrokerCore

extension Lab {
    static let short = of("python", idle: .seconds(100_000), lifetime: .seconds(1500))
}

extension ReservationID: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(rawValue: value) }
}

extension Scene {
    /// Two hosts of four slots, by default without a free floor.
    static func reserving(
        hosts: [HostSpec] = [.small("h1", starts: 4), .small("h2", starts: 4)], labs: [Lab] = [.short, .rstudio],
        sharedHomes: Bool = true, freeFloorPercent: Int = 0
    ) -> Scene {
        var scene = Scene(sharedHomes: sharedHomes)
        scene.send(.configure(labs: labs, hosts: hosts, freeFloorPercent: freeFloorPercent))
        for host in hosts { scene.send(.hostListed(host: host.name, containers: [])) }
        return scene
    }

    /// Two hours for a course, by default an hour from now, opening ten minutes before.
    func terms(
        seats: Int, after: Duration = .seconds(3600), noShowAfter: Duration = .seconds(86_400),
        overrun: Duration = .zero, roster: Set<String> = []
    ) -> ReservationTerms {
        ReservationTerms(
            lab: "school/python", seats: seats, from: now + after, to: now + after + .seconds(7200),
            lead: .seconds(600), noShowAfter: noShowAfter, overrun: overrun, context: "course-1", roster: roster)
    }

    @discardableResult
    mutating func reserve(
        _ id: ReservationID, seats: Int, after: Duration = .seconds(3600), noShowAfter: Duration = .seconds(86_400),
        overrun: Duration = .zero, roster: Set<String> = []
    ) -> Answer? {
        let terms = terms(seats: seats, after: after, noShowAfter: noShowAfter, overrun: overrun, roster: roster)
        return answer(to: .reserve(terms, newID: id, request: request()))
    }

    /// The answer to a request.
    mutating func answer(to event: Event) -> Answer? {
        send(event).compactMap { if case .answer(_, let answer) = $0 { answer } else { nil } }.first
    }
}
