import BrokerCore
import Literals
import Testing

@testable import Scheduling

@Suite("Terms from a calendar")
struct CalendarTermsTests {
    private func terms(
        _ lines: [String] = [], lab: String? = "python", seats: Int? = 20, context: String? = "101"
    ) throws -> ReservationTerms {
        let occurrence = try #require(try reading(event("e1", lines)).occurrences.first)
        return try CalendarTerms(
            portal: "school", lab: lab, seats: seats, context: context, overrun: .seconds(60)
        ).terms(of: occurrence)
    }

    private let nine = WallSpan(
        zone: "Europe/Warsaw", from: wall(2026, 12, 1, 9).secondsSince1970, to: wall(2026, 12, 1, 11).secondsSince1970)

    @Test("An event says what it wants; what it does not say is common")
    func wishes() throws {
        #expect(
            try terms()
                == ReservationTerms(
                    lab: "school/python", seats: 20, from: utc(2026, 12, 1, 8), to: utc(2026, 12, 1, 10),
                    overrun: .seconds(60), context: "101", wall: nine))
        let own = try terms([
            "X-CARREL-LAB:r", "X-CARREL-SEATS:3", "X-CARREL-CONTEXT:102", "X-CARREL-WARM:50", "X-CARREL-LEAD:PT1H",
            "X-CARREL-NO-SHOW:PT10M", "X-CARREL-OVERRUN:PT0S",
        ])
        #expect(
            own
                == ReservationTerms(
                    lab: "school/r", seats: 3, from: utc(2026, 12, 1, 8), to: utc(2026, 12, 1, 10),
                    warmPercent: 50, lead: .seconds(3600), noShowAfter: .seconds(600), overrun: .zero, context: "102",
                    wall: nine))
    }

    @Test("Without a lab, a number of seats or somebody to have them there is no reservation")
    func missing() {
        #expect(throws: SchedulingError.self) { try terms(lab: nil) }
        #expect(throws: SchedulingError.self) { try terms(seats: nil) }
        #expect(throws: SchedulingError.self) { try terms(context: nil) }
    }

    @Test(
        "Invalid wishes are refused",
        arguments: [
            "X-CARREL-SEATS:0", "X-CARREL-SEATS:-3", "X-CARREL-SEATS:1000000", "X-CARREL-SEATS:99999999999999999999",
            "X-CARREL-WARM:101", "X-CARREL-LEAD:soon", "X-CARREL-OVERRUN:-PT1H", "X-CARREL-SEATS:",
        ])
    func senseless(line: String) { #expect(throws: SchedulingError.self) { try terms([line]) } }
}
