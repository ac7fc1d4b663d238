import BrokerCore
import Foundation
import Testing

@testable import Scheduling

@Suite("Clocks on walls")
struct WallClockTests {
    @Test("Dates agree with Foundation's, over centuries and backwards")
    func dates() {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(secondsFromGMT: 0)!
        for day in stride(from: Int64(-120_000), through: 120_000, by: 61) {
            let date = Date(timeIntervalSince1970: Double(day * 86_400))
            let parts = calendar.dateComponents([.year, .month, .day, .weekday], from: date)
            let wall = WallTime(day: day, second: 0)
            #expect([parts.year, parts.month, parts.day] == [wall.date.year, wall.date.month, wall.date.day])
            // Foundation's weeks begin on Sunday, with number 1.
            #expect(parts.weekday == (wall.weekday.rawValue + 1) % 7 + 1)
            #expect(wall.date.daysSince1970 == day)
        }
        #expect(WallTime(year: 2024, month: 2, day: 29) != nil)
        #expect(WallTime(year: 2100, month: 2, day: 29) == nil)
        #expect(WallTime(year: 2026, month: 4, day: 31) == nil)
        #expect(WallTime(year: 2026, month: 4, day: 30, hour: 24) == nil)
        #expect(WallTime(year: 0, month: 1, day: 1) == nil)
        #expect("\(wall(2026, 3, 1, 9, 5))" == "2026-03-01T09:05")
    }

    @Test("A time that comes once is one moment, in winter and in summer")
    func once() {
        #expect(warsaw.meaning(of: wall(2026, 12, 1, 9)) == .once(utc(2026, 12, 1, 8)))
        #expect(warsaw.meaning(of: wall(2026, 7, 1, 9)) == .once(utc(2026, 7, 1, 7)))
        #expect(warsaw.wallTime(at: utc(2026, 7, 1, 7)) == wall(2026, 7, 1, 9))
    }

    @Test("A time that the clocks are put forward over never comes, and the gap has a beginning and an end")
    func gap() {
        #expect(
            warsaw.meaning(of: wall(2026, 3, 29, 2, 30))
                == .never(from: wall(2026, 3, 29, 2), to: wall(2026, 3, 29, 3), instead: utc(2026, 3, 29, 1, 30)))
        #expect(warsaw.meaning(of: wall(2026, 3, 29, 1, 59)) == .once(utc(2026, 3, 29, 0, 59)))
        #expect(warsaw.meaning(of: wall(2026, 3, 29, 3)) == .once(utc(2026, 3, 29, 1)))
        #expect(warsaw.moment(of: wall(2026, 3, 29, 2, 30)) == utc(2026, 3, 29, 1, 30))
    }

    @Test("A time that the clocks are put back over comes twice")
    func twice() {
        #expect(
            warsaw.meaning(of: wall(2026, 10, 25, 2, 30))
                == .twice(utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30)))
        #expect(warsaw.meaning(of: wall(2026, 10, 25, 3)) == .once(utc(2026, 10, 25, 2)))
        #expect(warsaw.moment(of: wall(2026, 10, 25, 2)) == utc(2026, 10, 25, 0))
    }

    @Test("Places that change by half an hour, skip a day, or never change have their own clocks")
    func elsewhere() {
        let island = clock("Australia/Lord_Howe")
        guard case .never(let from, let to, _) = island.meaning(of: wall(2026, 10, 4, 2, 10)) else {
            Issue.record("no gap of half an hour")
            return
        }
        #expect(from == wall(2026, 10, 4, 2) && to == wall(2026, 10, 4, 2, 30))
        let samoa = clock("Pacific/Apia")
        guard case .never(let start, let end, _) = samoa.meaning(of: wall(2011, 12, 30, 12)) else {
            Issue.record("the skipped day is there")
            return
        }
        #expect(start == wall(2011, 12, 30, 0) && end == wall(2011, 12, 31, 0))
        #expect(WallClock.utc.meaning(of: wall(2026, 3, 29, 2, 30)) == .once(utc(2026, 3, 29, 2, 30)))
    }

    @Test(
        "Every moment of a year is read back from what the clocks show",
        arguments: ["Europe/Warsaw", "America/St_Johns"])
    func roundTrip(name: String) {
        let place = clock(name)
        let start = utc(2026, 1, 1, 0)
        for quarter in 0..<(365 * 96) {
            let moment = start + .seconds(quarter * 900)
            switch place.meaning(of: place.wallTime(at: moment)) {
            case .once(let found): #expect(found == moment)
            case .twice(let first, let second): #expect([first, second].contains(moment))
            case .never(_, _, _): Issue.record("\(moment.text) is shown as a time that never comes")
            }
        }
    }

    @Test(
        "Only the names of the IANA's database name a place",
        arguments: ["", "Mars", "CEST", "EST", "Europe/Nowhere", "GMT+3"])
    func names(name: String) { #expect(!zones.has(name)) }
}
