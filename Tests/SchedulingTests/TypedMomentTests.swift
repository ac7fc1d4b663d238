import BrokerCore
import Testing

@testable import Scheduling

@Suite("Moments as people type them")
struct TypedMomentTests {
    private let rome = clock("Europe/Rome")

    private func message(_ text: String, after start: Timestamp? = nil) -> String {
        do {
            _ = try TypedMoment(text)?.timestamp(on: warsaw, after: start)
            return ""
        } catch { return "\(error)" }
    }

    @Test(
        "A moment is a date and a time, by the clocks that are meant or with its own offset",
        arguments: [
            ("2026-03-01T09:30", 1_772_353_800_000), ("2026-03-01T09:30Z", 1_772_357_400_000),
            ("2026-03-01T09:30+02:00", 1_772_350_200_000), ("2026-03-01T09:30-05:30", 1_772_377_200_000),
            ("2026-07-01T09:30", 1_782_891_000_000),
        ] as [(String, Int64)])
    func moments(text: String, milliseconds: Int64) throws {
        #expect(try TypedMoment(text)?.timestamp(on: rome) == Timestamp(milliseconds: milliseconds))
    }

    @Test(
        "Anything else is no moment",
        arguments: [
            "", "tomorrow", "2026-03-01", "2026-03-01 09:30", "2026-02-30T09:30", "2026-13-01T09:30",
            "2026-03-01T24:30", "2026-03-01T09:30:00", "2026-03-01T09:30+2", "2026-03-01T09:30+99:00",
            "٢٠٢٦-03-01T09:30", "24:00", "9:30", "0000-01-01T00:00", "2026-03-01T09:30z",
        ])
    func noMoments(text: String) { #expect(TypedMoment(text) == nil) }

    @Test("A time that the clocks skip is refused, with the gap and the time after it")
    func gap() {
        let words = message("2026-03-29T02:30")
        #expect(words.contains("never comes in Europe/Warsaw: the clocks go from 02:00 to 03:00"))
        #expect(words.contains("take 2026-03-29T03:30"))
    }

    @Test("A time that comes twice is refused, with both of its offsets, and is understood with one of them")
    func twice() throws {
        let words = message("2026-10-25T02:30")
        #expect(words.contains("2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00"))
        #expect(try TypedMoment("2026-10-25T02:30+02:00")?.timestamp(on: warsaw) == utc(2026, 10, 25, 0, 30))
        #expect(try TypedMoment("2026-10-25T02:30+01:00")?.timestamp(on: warsaw) == utc(2026, 10, 25, 1, 30))
    }

    @Test("A time of day alone is on the day of the start, by the clocks that are meant")
    func timeOfDay() throws {
        let start = utc(2026, 12, 1, 22, 30)  // Half past eleven in the evening, in Warsaw.
        #expect(try TypedMoment("23:45")?.timestamp(on: warsaw, after: start) == utc(2026, 12, 1, 22, 45))
        #expect(try TypedMoment("11:00")?.timestamp(on: warsaw, after: start) == utc(2026, 12, 1, 10))
        #expect(message("11:00").contains("a date is missing"))
        // From the first 02:30 to the second.
        let first = utc(2026, 10, 25, 0, 30)
        #expect(try TypedMoment("02:30")?.timestamp(on: warsaw, after: first) == utc(2026, 10, 25, 1, 30))
        #expect(message("02:30", after: utc(2026, 10, 24, 23)).contains("comes twice"))
    }

    @Test("A series keeps its times by the clocks on the wall, over both changes, its end too")
    func series() throws {
        func times(_ from: String, _ to: String, _ recurrence: Recurrence, now: Timestamp) throws -> [(
            Timestamp, Timestamp
        )] {
            let start = try TypedMoment(from)!.timestamp(on: warsaw)
            let end = try TypedMoment(to)!.timestamp(on: warsaw, after: start)
            return try Series(from: start, to: end, on: warsaw, recurrence: recurrence).times(on: warsaw, now: now)
                .map { ($0.from, $0.to) }
        }
        let weekly = Recurrence(.weekly, end: .count(2))
        let spring = try times("2026-03-24T09:00", "11:00", weekly, now: utc(2026, 3, 1, 0))
        #expect(spring.map(\.0) == [utc(2026, 3, 24, 8), utc(2026, 3, 31, 7)])
        #expect(spring.map(\.1) == [utc(2026, 3, 24, 10), utc(2026, 3, 31, 9)])
        // Over the night of the clock change: five hours of wall time, one of which is skipped or occurs twice.
        let daily = Recurrence(.daily, end: .count(2))
        let short = try times("2026-03-27T23:00", "2026-03-28T04:00", daily, now: utc(2026, 3, 1, 0))
        #expect(short.map { $0.1 - $0.0 } == [.seconds(5 * 3600), .seconds(4 * 3600)])
        let long = try times("2026-10-23T23:00", "2026-10-24T04:00", daily, now: utc(2026, 10, 1, 0))
        #expect(long.map { $0.1 - $0.0 } == [.seconds(5 * 3600), .seconds(6 * 3600)])
        // A start in the skipped hour is shifted by the change, an hour later in wall time.
        let skipped = try times("2026-03-28T02:30", "05:00", daily, now: utc(2026, 3, 1, 0))
        #expect(skipped.map(\.0) == [utc(2026, 3, 28, 1, 30), utc(2026, 3, 29, 1, 30)])
        #expect(throws: SchedulingError.self) {
            try times("2026-03-24T09:00", "11:00", Recurrence(.weekly, end: .day(0)), now: utc(2026, 3, 1, 0))
        }
        // A series is never shortened silently.
        #expect {
            try times("2026-03-24T09:00", "11:00", Recurrence(.weekly, end: .count(60)), now: utc(2026, 3, 1, 0))
        } throws: {
            "\($0)".contains("comes on 2027-04-06, which is more than 400 days ahead")
        }
    }

    @Test("Days are read by themselves", arguments: ["2026-12-01", "2024-02-29"])
    func days(text: String) {
        #expect(TypedMoment.day(text).map { WallTime(day: $0, second: 0).date.description } == text)
    }

    @Test("What is no day is none", arguments: ["2026-02-29", "2026-1-1", "", "01.12.2026", "2026-12-01T09:00"])
    func noDays(text: String) { #expect(TypedMoment.day(text) == nil) }
}
