import BrokerCore
import Foundation
import Programs
import SeededRandom
import Testing

@testable import Scheduling

/// Checks that another reader, Python's `icalendar` with `recurring-ical-events`, reads calendars as we do.
/// `Scripts/test` installs it and sets `CARREL_CALENDAR_PYTHON` to its location.
@Suite(
    "Calendars, as others read them", .enabled(if: OtherReader.python != nil, "Scripts/test installs the other reader"))
struct OtherReaderTests {
    @Test("Random recurrences come at the same moments, the changes of the clocks included")
    func recurrences() async throws {
        let now = utc(2026, 3, 1, 0)
        let horizon = now + .seconds(300 * 86_400)
        var random = SplitMix64(seed: 20_261_123)
        let calendars = (0..<150).map { number in calendar(Self.randomEvent("e\(number)", using: &random)) }
        let answers = try await OtherReader.read(calendars, from: now, to: horizon + .milliseconds(1))
        let reader = CalendarReader(clock: warsaw, zones: zones, now: now, horizon: horizon)
        var compared = 0
        for (bytes, other) in zip(calendars, answers) {
            let text = String(decoding: bytes, as: UTF8.self)
            let ours = reader.read(try CalendarFile(bytes))
            #expect(other.error == nil && ours.problems.isEmpty, "\(other.error ?? "") \(ours.problems) \(text)")
            let starts = ours.occurrences.map { $0.from.milliseconds / 1000 }.filter { $0 >= now.milliseconds / 1000 }
            #expect(starts == other.starts, "\(text)")
            compared += starts.count
        }
        #expect(compared > 1000)
    }

    /// A class of an hour or two, in the spring or the autumn of 2026, with a random recurrence.
    private static func randomEvent(_ uid: String, using random: inout SplitMix64) -> [String] {
        let day = wall(2026, Bool.random(using: &random) ? 3 : 9, Int.random(in: 1...28, using: &random), 0).day
        let first = WallTime(day: day, second: Int64(Int.random(in: 0..<48, using: &random) * 1800))
        let zone = ["Europe/Warsaw", "America/New_York", "Europe/London", "Australia/Sydney"].randomElement(
            using: &random)!
        var rule = "RRULE:FREQ="
        if Bool.random(using: &random) {
            rule += "DAILY"
        } else {
            rule += "WEEKLY"
            if Bool.random(using: &random) {
                let days = Weekday.allCases.filter { $0 == first.weekday || Int.random(in: 0..<3, using: &random) == 0 }
                rule += ";BYDAY=" + days.map(\.code).joined(separator: ",")
            }
            if Bool.random(using: &random) { rule += ";WKST=" + Weekday.allCases.randomElement(using: &random)!.code }
        }
        rule += ";INTERVAL=\(Int.random(in: 1...4, using: &random))"
        rule += ";COUNT=\(Int.random(in: 1...60, using: &random))"
        let left = WallTime(day: first.day + 7, second: first.second)
        return event(
            uid, [rule, "EXDATE;TZID=\(zone):\(text(left))"],
            times: ["DTSTART;TZID=\(zone):\(text(first))", "DURATION:PT\(Int.random(in: 1...2, using: &random))H"])
    }

    private static func text(_ wall: WallTime) -> String {
        "\(wall.date)".filter { $0 != "-" } + "T" + wall.timeOfDay.filter { $0 != ":" } + "00"
    }

    @Test("What we write is a calendar to others, with the same events")
    func written() async throws {
        var writer = CalendarWriter(name: "Szkoła; labs, \\ all", refresh: .seconds(900))
        for number in 0..<50 {
            writer.begin("VEVENT")
            writer.text("UID", "r\(number)@school.labs.test")
            writer.moment("DTSTAMP", utc(2026, 2, 1, 0))
            writer.moment("DTSTART", utc(2026, 4, 1, 8) + .seconds(number * 3600))
            writer.moment("DTEND", utc(2026, 4, 1, 9) + .seconds(number * 3600))
            writer.word("STATUS", number % 2 == 0 ? "CONFIRMED" : "CANCELLED")
            writer.text("SUMMARY", String(repeating: "zażółć, gęślą; 👩🏽‍💻\n", count: number))
            writer.word("X-CARREL-SEATS", "\(number)")
            writer.span("X-CARREL-LEAD", .seconds(900))
            writer.end("VEVENT")
        }
        writer.finish()
        let answer = try #require(
            try await OtherReader.read([writer.bytes], from: utc(2026, 1, 1, 0), to: utc(2027, 1, 1, 0)).first)
        #expect(answer.error == nil)
        #expect(answer.events?.count == 50)
        #expect(answer.starts == (0..<50).map { utc(2026, 4, 1, 8).milliseconds / 1000 + $0 * 3600 })
    }
}

enum OtherReader {
    static let python = ProcessInfo.processInfo.environment["CARREL_CALENDAR_PYTHON"]

    struct Answer: Decodable {
        struct Event: Decodable {
            var start: Int64

            init(from decoder: any Decoder) throws {
                var fields = try decoder.unkeyedContainer()
                _ = try fields.decode(String.self)
                start = try fields.decode(Int64.self)
            }
        }

        var events: [Event]?
        var error: String?

        var starts: [Int64] { (events ?? []).map(\.start).sorted() }
    }

    /// The path of one of the scripts that Python runs.
    static func script(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Scripts/lib/\(name)").path
    }

    /// Python takes seconds for this; no thread of the tests blocks on it.
    static func read(_ calendars: [[UInt8]], from: Timestamp, to: Timestamp) async throws -> [Answer] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("carrel-calendars-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = try calendars.enumerated().map { number, bytes in
            let file = folder.appendingPathComponent("\(number).ics")
            try Data(bytes).write(to: file)
            return file.path
        }
        let span = ["\(from.milliseconds / 1000)", "\(to.milliseconds / 1000)"]
        let answers = try await Command([python ?? "", script("calendars.py")] + span + files).succeed(
            within: .seconds(120))
        return try answers.split(separator: "\n").map { try JSONDecoder().decode(Answer.self, from: Data($0.utf8)) }
    }
}
