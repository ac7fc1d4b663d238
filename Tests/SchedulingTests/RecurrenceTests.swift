import BrokerCore
import Testing

@testable import Scheduling

@Suite("Recurrences")
struct RecurrenceTests {
    private func starts(
        _ recurrence: Recurrence, from first: WallTime = wall(2026, 12, 1, 9), since: Timestamp = utc(2026, 1, 1, 0),
        until horizon: Timestamp = utc(2027, 12, 31, 0)
    ) throws -> [String] {
        try recurrence.starts(from: first, on: warsaw, since: since, until: horizon).times.map(\.description)
    }

    @Test("Every day, every second day, every working day")
    func daily() throws {
        #expect(
            try starts(Recurrence(.daily, end: .count(3)))
                == ["2026-12-01T09:00", "2026-12-02T09:00", "2026-12-03T09:00"])
        #expect(try starts(Recurrence(.daily, interval: 2, end: .day(wall(2026, 12, 5, 0).day))).count == 3)
        let working = Set(Weekday.allCases.prefix(5))
        let days = try starts(Recurrence(.daily, weekdays: working, end: .day(wall(2026, 12, 14, 0).day)))
        #expect(days.count == 10 && !days.contains("2026-12-05T09:00") && days.last == "2026-12-14T09:00")
    }

    @Test("Every week, every second week, on several days")
    func weekly() throws {
        #expect(
            try starts(Recurrence(.weekly, end: .count(3)))
                == ["2026-12-01T09:00", "2026-12-08T09:00", "2026-12-15T09:00"])
        // The first one is a Tuesday.
        let rule = Recurrence(.weekly, interval: 2, weekdays: [.tuesday, .sunday], end: .count(4))
        #expect(
            try starts(rule)
                == ["2026-12-01T09:00", "2026-12-06T09:00", "2026-12-15T09:00", "2026-12-20T09:00"])
        // RFC 5545, section 3.3.10: if weeks begin on Sunday, the occurrences differ.
        var sundays = rule
        sundays.weekStart = .sunday
        #expect(
            try starts(sundays)
                == ["2026-12-01T09:00", "2026-12-13T09:00", "2026-12-15T09:00", "2026-12-27T09:00"])
    }

    @Test("The example of RFC 5545 for WKST comes out as printed there")
    func standardExample() throws {
        let from = wall(1997, 8, 5, 9)
        func days(_ start: Weekday) throws -> [String] {
            try Recurrence(.weekly, interval: 2, weekdays: [.tuesday, .sunday], weekStart: start, end: .count(4))
                .starts(from: from, on: warsaw, since: utc(1997, 1, 1, 0), until: utc(1998, 1, 1, 0))
                .times.map(\.date.description)
        }
        #expect(try days(.monday) == ["1997-08-05", "1997-08-10", "1997-08-19", "1997-08-24"])
        #expect(try days(.sunday) == ["1997-08-05", "1997-08-17", "1997-08-19", "1997-08-31"])
    }

    @Test("The time on the wall stays the same when the clocks are changed, in spring and in autumn")
    func clocksChange() throws {
        for (first, before, after) in [
            (wall(2026, 3, 24, 9), utc(2026, 3, 24, 8), utc(2026, 3, 31, 7)),
            (wall(2026, 10, 20, 9), utc(2026, 10, 20, 7), utc(2026, 10, 27, 8)),
        ] {
            let found = try Recurrence(.weekly, end: .count(2)).starts(
                from: first, on: warsaw, since: utc(2026, 1, 1, 0), until: utc(2027, 1, 1, 0))
            #expect(found.times.map { warsaw.moment(of: $0) } == [before, after])
        }
    }

    @Test("What ends at a moment, on a day or at a time ends with it, that one included")
    func ends() throws {
        let third = utc(2026, 12, 3, 8)
        #expect(try starts(Recurrence(.daily, end: .moment(third))).count == 3)
        #expect(try starts(Recurrence(.daily, end: .moment(third - .seconds(1)))).count == 2)
        #expect(try starts(Recurrence(.daily, end: .wall(wall(2026, 12, 3, 9)))).count == 3)
        #expect(try starts(Recurrence(.daily, end: .wall(wall(2026, 12, 3, 8)))).count == 2)
    }

    @Test("The first one beyond the horizon is told, unless the recurrence ends before it")
    func beyond() throws {
        let horizon = utc(2026, 12, 10, 0)
        func next(_ end: Recurrence.End, from first: WallTime = wall(2026, 12, 1, 9)) throws -> WallTime? {
            try Recurrence(.daily, end: end).starts(
                from: first, on: warsaw, since: utc(2026, 1, 1, 0), until: horizon
            ).next
        }
        #expect(try next(.never) == wall(2026, 12, 10, 9))
        #expect(try next(.count(10)) == wall(2026, 12, 10, 9))
        #expect(try next(.count(9)) == nil)
        #expect(try next(.never, from: wall(2027, 1, 1, 9)) == wall(2027, 1, 1, 9))
    }

    @Test("Those that are past are counted and not returned; those beyond the horizon are left out")
    func window() throws {
        let late = utc(2026, 12, 10, 0)
        #expect(try starts(Recurrence(.daily, end: .count(10)), since: late) == ["2026-12-10T09:00"])
        #expect(try starts(Recurrence(.daily, end: .never), until: late).count == 9)
        // The recurrence began sixty years ago.
        let old = try starts(
            Recurrence(.weekly, end: .never), from: wall(1966, 12, 6, 9), since: utc(2026, 12, 1, 0),
            until: utc(2026, 12, 31, 0))
        #expect(
            old == ["2026-12-01T09:00", "2026-12-08T09:00", "2026-12-15T09:00", "2026-12-22T09:00", "2026-12-29T09:00"])
    }

    @Test("A recurrence without its own first day, with too many days, or that never comes is refused with words")
    func refused() {
        func message(_ rule: Recurrence, from first: WallTime = wall(2026, 12, 1, 9)) -> String {
            do {
                _ = try starts(rule, from: first, until: Timestamp(milliseconds: .max / 4))
                return ""
            } catch { return "\(error)" }
        }
        #expect(message(Recurrence(.weekly, weekdays: [.friday], end: .never)).contains("2026-12-01, is a tuesday"))
        #expect(message(Recurrence(.daily, end: .never)).contains("more than 500 times"))
        // Every seventh day is the same weekday.
        var never = Recurrence(.daily, interval: 7, weekdays: [.tuesday], end: .never)
        #expect(message(never).contains("more than 500 times"))
        never.end = .count(400)
        #expect(message(never) == "")
        #expect(message(Recurrence(.daily, end: .never), from: wall(1800, 1, 1, 9)).contains("days must be examined"))
    }
}
