import BrokerCore
import Foundation
import Portal
import Programs
import Scheduling
import Testing

@testable import carrel

@Suite("carrel reserve create") struct ReserveTests {
    private static let usual = [
        "--lab", "r", "--seats", "3", "--from", "2026-03-01T09:30", "--to", "11:00", "--zone", "Europe/Rome",
        "--context", "1",
    ]
    private let now = Timestamp(milliseconds: 1_772_000_000_000)  // 2026-02-25

    @Test("the options become terms, the roster's file included")
    func terms() throws {
        let scratch = try Scratch()
        try "bob\n\n  cas \nada\n".write(toFile: scratch.path + "/roster", atomically: true, encoding: .utf8)
        let command = try ReserveCreate.parse([
            "--lab", "python", "--seats", "30", "--from", "2026-03-01T09:30", "--to", "2026-03-01T11:00Z", "--zone",
            "Europe/Rome", "--context", "101", "--learner", "ada", "--roster", scratch.path + "/roster",
            "--lead", "1h", "--overrun", "15m", "--warm", "80%", "--no-show", "20m",
        ])
        let terms = try command.terms(portal: "school", now: now)
        #expect(
            terms
                == [
                    ReservationTerms(
                        lab: "school/python", seats: 30, from: Timestamp(milliseconds: 1_772_353_800_000),
                        to: Timestamp(milliseconds: 1_772_362_800_000), warmPercent: 80, lead: .seconds(3600),
                        noShowAfter: .seconds(1200), overrun: .seconds(900), context: "101",
                        roster: ["ada", "bob", "cas"],
                        wall: WallSpan(zone: "Europe/Rome", from: 1_772_357_400, to: 1_772_366_400))
                ])
    }

    @Test("a series has its times, over the change of the clocks")
    func series() throws {
        let weekly = try ReserveCreate.parse(Self.usual + ["--repeat", "weekly", "--until", "2026-04-05"])
        let times = try weekly.terms(portal: "school", now: now).map { $0.from.text }
        #expect(
            times == [
                "2026-03-01 08:30 UTC", "2026-03-08 08:30 UTC", "2026-03-15 08:30 UTC", "2026-03-22 08:30 UTC",
                "2026-03-29 07:30 UTC", "2026-04-05 07:30 UTC",
            ])
        let monday = Self.usual.map { $0 == "2026-03-01T09:30" ? "2026-03-02T09:30" : $0 }
        func count(_ repeats: [String]) throws -> Int {
            try ReserveCreate.parse(monday + ["--repeat"] + repeats).terms(portal: "school", now: now).count
        }
        #expect(try count(["weekdays", "--until", "2026-03-15"]) == 10)
        #expect(try count(["daily", "--times", "7"]) == 7)
        #expect(try count(["fortnightly", "--until", "2026-03-31"]) == 3)
        #expect(try count(["mon,wednesday", "--until", "2026-03-15"]) == 4)
        #expect(throws: CommandFailure.self) { try count(["tue", "--times", "2"]) }
    }

    @Test(
        "invalid options are not understood",
        arguments: [
            ["--zone", "Mars"], ["--zone", "CET"], ["--repeat", "weekly"], ["--until", "2026-05-01"],
            ["--repeat", "sometimes", "--times", "3"], ["--repeat", "weekly", "--times", "0"],
            ["--repeat", "weekly", "--times", "3", "--until", "2026-05-01"], ["--skip-conflicts"], ["--warm", "101%"],
            ["--warm", "-1"], ["--warm", "half"], ["--no-show", "never"], ["--repeat", "m", "--times", "2"],
        ])
    func refused(more: [String]) {
        #expect(throws: (any Error).self) { try ReserveCreate.parse(Self.usual + more) }
        #expect(throws: Never.self) { try ReserveCreate.parse(Self.usual) }
    }

    @Test("a reservation for nobody is not understood")
    func nobody() {
        #expect(throws: (any Error).self) { try ReserveCreate.parse(Array(Self.usual.dropLast(2))) }
    }

    @Test("what could stand in no link is no course and no learner")
    func nobodysNames() {
        for more in [["--learner", ""], ["--learner", "a\u{1}"], ["--learner", String(repeating: "a", count: 257)]] {
            #expect(throws: (any Error).self) { try ReserveCreate.parse(Self.usual + more) }
        }
        #expect(throws: (any Error).self) { try ReserveCreate.parse(Array(Self.usual.dropLast()) + [""]) }
    }

    @Test("a time that never comes, or comes twice, or an end before the start, is refused with words")
    func times() throws {
        func message(_ from: String, _ to: String) throws -> String {
            let command = try ReserveCreate.parse([
                "--lab", "r", "--seats", "3", "--from", from, "--to", to, "--zone", "Europe/Warsaw", "--context", "1",
            ])
            do {
                _ = try command.terms(portal: "school", now: now)
                return ""
            } catch { return "\(error)" }
        }
        #expect(try message("2026-03-29T02:30", "04:00").contains("from 02:00 to 03:00"))
        #expect(try message("2026-03-29T01:30", "02:15").contains("--to: 2026-03-29T02:15 never comes"))
        #expect(try message("2026-10-25T02:30", "04:00").contains("+02:00 or"))
        #expect(try message("2026-03-01T09:00", "09:00").contains("not after"))
        #expect(try message("2026-03-01T09:00", "08:00").contains("not after"))
        #expect(try message("2026-03-01T09:00", "2026-03-02T08:00") == "")
        #expect(throws: (any Error).self) { try message("09:00", "10:00") }
    }

    @Test("a roster is lines or CSV, with a heading or without, from any system")
    func rosters() throws {
        func learners(_ text: String) throws -> Set<String> { try Roster(bytes: Array(text.utf8)).learners }
        #expect(try learners("ada\nbob\r\n\r\n  cas \n") == ["ada", "bob", "cas"])
        #expect(
            try learners("\u{FEFF}learner,name\r\nada,\"Lovelace, Ada\"\r\n\"x, y\";\"Z\"\r\n\"q\"\"r\",s\r\n")
                == ["ada", "x, y", "q\"r"])
        for text in ["", "\n\n", "learner,name\n"] {
            #expect(throws: CommandFailure("it names nobody")) { try learners(text) }
        }
        // UTF-16 without a byte order mark can also be valid UTF-8.
        #expect {
            try learners("ada\nb\0o\0")
        } throws: { "\($0)".hasPrefix("line 2: the identifier contains a control character") }
        #expect {
            try learners(String(repeating: "a", count: 257))
        } throws: { "\($0)".contains("longer than 256 bytes") }
        #expect(throws: CommandFailure.self) { try learners("\"ada\nbob") }
        // A comment would be a learner who never comes, with a reserved seat.
        for text in ["ada\n# the evening group\n", "// all\n", " ;bob\n"] {
            #expect { try learners(text) } throws: { "\($0)".contains("a roster has no comments") }
        }
        #expect(try learners("ada\n\n\"#1\"\n") == ["ada", "#1"])
        #expect { try learners("ada\n\n# x") } throws: { "\($0)".contains("line 3") }
        #expect(throws: CommandFailure.self) { try Roster(bytes: [0xFF, 0xFE, 0x00]) }
        let crowd = (0...Limits.rosterLength).map { "l\($0)" }.joined(separator: "\n")
        #expect(throws: CommandFailure.self) { try learners(crowd) }
    }
}
