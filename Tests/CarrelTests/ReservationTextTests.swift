import Broker
import BrokerCore
import Foundation
import Portal
import Scheduling
import Testing

@testable import carrel

@Suite("What instructors read of reservations") struct ReservationTextTests {
    private let time = TimeText(clock: .utc)

    private func reservation(
        _ id: String = "r1", phase: String = "booked", claims: Int = 0, missing: Int = 0, standing: String? = nil,
        roster: String = "\"ada\"", extra: String = ""
    ) throws -> ReservationView {
        try APICoding.decode(
            ReservationView.self,
            from: Array(
                """
                {"id": "\(id)", "portal": "school", "lab": "python", "seats": 30, "from": 1767225600000,
                 "to": 1767232800000, "opens_at": 1767224700000, "ends_at": 1767233700000, "no_show_at": 1767227400000,
                 "warm_percent": 80, "phase": "\(phase)", "standing": "\(standing ?? phase)", "context": "101\\u001b[2J", "roster": [\(roster)], "claims": \(claims),
                 "peak_seats": \(claims), "missing_seats": \(missing), "hosts": {"two": 10, "one": 20},
                 "created_at": 1767000000000\(extra)}
                """.utf8))
    }

    private func booking(_ results: [String], isBooked: Bool, cancelled: String = "") throws -> BookingView {
        let items = results.map {
            "{\"lab\": \"r\", \"seats\": 7, \"from\": 1767225600000, \"to\": 1767232800000, \"result\": \"\($0)\", \"id\": \"k1\", \"message\": \"why\"}"
        }.joined(separator: ",")
        let text =
            "{\"is_booked\": \(isBooked), \"items\": [\(items)], \"cancelled\": [\(cancelled)], \"left_over\": []}"
        return try APICoding.decode(BookingView.self, from: Array(text.utf8))
    }

    @Test("one reservation shows its times, its hosts, its warm share and when no-shows are let go")
    func details() throws {
        let text = ReservationTable.details(try reservation(missing: 2), time: time)
        #expect(text.contains("no-shows let go    at 2026-01-01 00:30:00"))
        #expect(text.contains("warm at the start  80 %"))
        #expect(text.contains("one 20, two 10") && text.contains("no host has room for 2"))
        // A course's name must not send control sequences to a terminal.
        #expect(!text.contains("\u{1B}"))
        let released = try reservation(claims: 25, extra: ", \"released\": 5, \"series\": \"abc\"")
        #expect(ReservationTable.details(released, time: time).contains("5 at 2026-01-01 00:30:00"))
        #expect(ReservationTable.details(released, time: time).contains("series             abc"))
    }

    @Test("what goes on says so, and so does a roster that is longer than the seats")
    func standing() throws {
        let running = try reservation(standing: "running", extra: ", \"zone\": \"Europe/Warsaw\"")
        #expect(ReservationTable.text([running], time: time).contains("running"))
        let text = ReservationTable.details(running, time: time)
        #expect(text.contains("phase              running"))
        #expect(text.contains("Europe/Warsaw (tzdata \(ZoneDatabase.system().version))"))
        let learners = (0..<31).map { "\"l\($0)\"" }.joined(separator: ",")
        let crowd = try reservation(roster: learners)
        #expect(ReservationTable.text([crowd], time: time).contains("the roster has 31 learners for 30 seats"))
        #expect(ReservationTable.longRoster(of: 30, seats: 30) == nil)
    }

    @Test("a booking shows what became of each, and never an identifier of what is not booked")
    func bookings() throws {
        let whole = BookingTable.text(try booking(["booked", "moved"], isBooked: true), isDryRun: false, time: time)
        #expect(whole.hasSuffix("2 of 2 are booked now.") && whole.contains("moved") && whole.contains("k1"))
        let refused = BookingTable.text(
            try booking(["booked", "noSeats"], isBooked: false), isDryRun: false, time: time)
        #expect(refused.hasSuffix("Nothing is booked: 1 of 2 cannot be.") && !refused.contains("k1"))
        let dry = BookingTable.text(try booking(["booked", "refused"], isBooked: false), isDryRun: true, time: time)
        #expect(dry.contains("free") && dry.hasSuffix("Nothing would be booked: 1 of 2 cannot be."))
        let skipping = BookingTable.text(
            try booking(["unchanged", "kept", "noSeats", "booked"], isBooked: true, cancelled: "\"k9\""),
            isDryRun: false, time: time)
        #expect(skipping.hasSuffix("1 of 4 are booked now, 1 left out; 1 taken out of the calendar."))
        #expect(BookingTable.text(try booking([], isBooked: true), isDryRun: false, time: time).hasPrefix("0 of 0"))
    }

    @Test("a report says who came, who came late, who did not, and how many that are")
    func attendance() throws {
        let view = try APICoding.decode(
            AttendanceView.self,
            from: Array(
                """
                {"reservation": \(Output.json(try reservation(phase: "over", claims: 2))), "arrivals": [
                  {"learner": "ada\\n", "at": 1767225660000, "is_late": false},
                  {"learner": "bob", "at": 1767229200000, "is_late": true}],
                 "absent": ["cas"], "no_shows": 28, "no_show_percent": 93}
                """.utf8))
        let text = AttendanceTable.details(view, time: time)
        #expect(text.contains("no-shows     28 (93 %)") && text.contains("after the no-show time"))
        #expect(text.contains("cas") && text.contains("did not come"))
        let report = AttendanceTable.Report([try reservation(claims: 20), try reservation("r2", claims: 40)])
        #expect(report.noShows == 10 && report.noShowPercent == 16 && report.seats == 60)
        #expect(report.text(time: time).hasSuffix("60 seats, 60 claimed, 10 no-shows (16 %)"))
        #expect(AttendanceTable.Report([]).text(time: time).hasSuffix("0 seats, 0 claimed, 0 no-shows"))
    }
}
