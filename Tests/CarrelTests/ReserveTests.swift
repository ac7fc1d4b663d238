import BrokerCore
import Foundation
import Portal
import Testing

@testable import carrel

@Suite("carrel reserve") struct ReserveTests {
    private let rome = TimeZone(identifier: "Europe/Rome")!

    @Test(
        "a moment is a date and a time, in the zone that is meant or its own",
        arguments: [
            ("2026-03-01T09:30", 1_772_353_800_000), ("2026-03-01T09:30Z", 1_772_357_400_000),
            ("2026-03-01T09:30+02:00", 1_772_350_200_000), ("2026-03-01T09:30-05:30", 1_772_377_200_000),
            ("2026-07-01T09:30", 1_782_891_000_000),
        ] as [(String, Int64)])
    func moments(text: String, milliseconds: Int64) {
        #expect(MomentText.parse(text, zone: rome) == Timestamp(milliseconds: milliseconds))
    }

    @Test(
        "anything else is no moment, nor is a time that a change of clocks leaves out",
        arguments: [
            "", "tomorrow", "2026-03-01", "2026-03-01 09:30", "2026-02-30T09:30", "2026-13-01T09:30",
            "2026-03-01T24:30", "2026-03-01T09:30:00", "2026-03-01T09:30+2", "2026-03-01T09:30+99:00",
            "2026-03-29T02:30", "٢٠٢٦-03-01T09:30",
        ])
    func noMoments(text: String) { #expect(MomentText.parse(text, zone: rome) == nil) }

    @Test("the options become terms, the roster's file included")
    func terms() throws {
        let scratch = try Scratch()
        try "bob\n\n  cas \nada\n".write(toFile: scratch.path + "/roster", atomically: true, encoding: .utf8)
        let command = try ReserveCreate.parse([
            "--lab", "python", "--seats", "30", "--from", "2026-03-01T09:30", "--to", "2026-03-01T11:00Z", "--zone",
            "Europe/Rome", "--context", "101", "--learner", "ada", "--roster", scratch.path + "/roster",
            "--lead", "1h", "--overrun", "15m",
        ])
        let terms = try command.terms(portal: "school")
        #expect(
            terms
                == ReservationTerms(
                    portal: "school", lab: "python", seats: 30, from: Timestamp(milliseconds: 1_772_353_800_000),
                    to: Timestamp(milliseconds: 1_772_362_800_000), lead: .seconds(3600), overrun: .seconds(900),
                    context: "101",
                    roster: ["ada", "bob", "cas"]))
    }

    @Test("a reservation for nobody, or in no time zone, is not understood")
    func refused() {
        let usual = ["--lab", "r", "--seats", "3", "--from", "2026-03-01T09:30", "--to", "2026-03-01T11:00"]
        #expect(throws: (any Error).self) { try ReserveCreate.parse(usual) }
        #expect(throws: (any Error).self) { try ReserveCreate.parse(usual + ["--context", "1", "--zone", "Mars"]) }
        #expect(throws: Never.self) { try ReserveCreate.parse(usual + ["--context", "1"]) }
    }
}
