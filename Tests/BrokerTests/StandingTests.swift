import BrokerCore
import Literals
import Testing

@testable import Broker

@Suite("Where a reservation stands")
struct StandingTests {
    private typealias Standing = ReservationView.Standing

    private let from = Timestamp(milliseconds: 10_000_000)

    private func reservation(_ phase: Reservation.Phase) -> Reservation {
        let terms = ReservationTerms(
            lab: "school/python", seats: 1, from: from, to: from + .seconds(3600), lead: .seconds(600))
        return Reservation(
            id: ReservationID(rawValue: "r1"), terms: terms, phase: phase, createdAt: from, allocation: [:])
    }

    @Test("A booked one is booked, then open, then running, by the clock")
    func clock() {
        let moments: [Int64] = [-601, -600, -1, 0, 3599]
        let seen = moments.map { Standing(reservation(.booked), at: from + .seconds($0)) }
        #expect(seen == [.booked, .open, .open, .running, .running])
    }

    @Test("Any other one stands where its phase says")
    func phases() {
        let phases: [Reservation.Phase] = [.closed, .over, .cancelled]
        let expected: [Standing] = [.closed, .over, .cancelled]
        #expect(phases.map { Standing(reservation($0), at: from) } == expected)
    }
}
