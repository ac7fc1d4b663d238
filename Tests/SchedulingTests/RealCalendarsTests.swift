import BrokerCore
import Foundation
import Testing

@testable import Scheduling

/// Calendars as real programs write them: each file in `calendars` was once refused or read incorrectly.
@Suite("Calendars of real programs")
struct RealCalendarsTests {
    private func file(_ name: String) throws -> CalendarFile {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("calendars")
        return try CalendarFile([UInt8](Data(contentsOf: folder.appendingPathComponent("\(name).ics"))))
    }

    private func read(_ name: String) throws -> CalendarReader.Reading { reading(try file(name)) }

    @Test("A semicolon at the end of an RRULE says nothing")
    func semicolon() throws {
        let found = try read("01-semicolon")
        #expect(found.problems.isEmpty)
        #expect(
            found.occurrences.map(\.from) == [2, 9, 16].map { utc(2026, 12, $0, 8, 45) }
                + [6, 13, 20].map {
                    utc(2027, 1, $0, 8, 45)
                })
    }

    @Test("Quotes within a quoted parameter end nothing, and the event beside it is there")
    func quotes() throws {
        let found = try read("02-quote-in-cn")
        #expect(found.problems.isEmpty && found.occurrences.map(\.uid) == ["good@x", "q@x"])
        let line = try #require(
            ContentLine(#"ATTENDEE;CN="Eve";X-A="I said "yes" to it",b:mailto:eve@example.org"#, line: 1))
        #expect(line.parameters == ["CN": "Eve", "X-A": #"I said "yes" to it"#])
        #expect(line.value == "mailto:eve@example.org")
    }

    @Test("Spaces in a BYDAY say nothing")
    func spaces() throws {
        let found = try read("07-byday-spaces")
        #expect(found.problems.isEmpty)
        #expect(found.occurrences.map(\.from) == [2, 3, 4, 7, 8, 9, 10].map { utc(2026, 12, $0, 9) })
    }

    @Test("A RECURRENCE-ID that is a day means the occurrence on that day")
    func recurrenceDay() throws {
        let found = try read("09-recid-date")
        #expect(found.problems.isEmpty)
        #expect(found.occurrences.map(\.from) == [2, 10, 16].map { utc(2026, 12, $0, 8) })
        #expect(found.occurrences.map(\.original) == [2, 9, 16].map { utc(2026, 12, $0, 8) })
    }

    @Test("An event that lasts whole days is refused with its line, and the one before it is taken")
    func allDay() throws {
        let found = try read("12-allday-among")
        #expect(found.occurrences.map(\.uid) == ["good@x"] && found.refused == 1)
        #expect(found.problems.map(\.line) == [12] && found.problems[0].message.contains("whole days"))
        #expect(found.events["all@x"] == nil)
    }

    @Test("A class that moved without a new SEQUENCE is a newer version of the same")
    func moved() throws {
        let (first, second) = (try read("1-first"), try read("2-moved-an-hour"))
        let (old, new) = (try #require(first.events["class-8@uni"]), try #require(second.events["class-8@uni"]))
        #expect(old.sequence == new.sequence && new.isNewer(than: old) == true && old.isNewer(than: new) == false)
        #expect(second.occurrences.map(\.from) == [utc(2026, 12, 14, 10)])
    }

    @Test("What a zone means is what the system's data says, and the wall time is kept with it")
    func vancouver() throws {
        let file = try file("vancouver")
        let now = utc(2026, 11, 23, 12)
        func read(_ footer: String) -> CalendarOccurrence? {
            let zones = ZoneDatabase(place: "/zones") {
                $0 == "America/Vancouver" ? zoneFile(offsets: [-28_800], footer: footer) : nil
            }
            return CalendarReader(clock: .utc, zones: zones, now: now, horizon: now + Limits.reservationHorizon)
                .read(file).occurrences.first
        }
        let (old, new) = (read("PST8PDT,M3.2.0,M11.1.0"), read("MST7"))
        #expect(old?.from == utc(2026, 12, 15, 17) && new?.from == utc(2026, 12, 15, 16))
        #expect(old?.wall == new?.wall && new?.wall?.zone == "America/Vancouver")
        #expect(new?.wall?.from == wall(2026, 12, 15, 9).secondsSince1970)
        #expect(old?.originalWall == new?.originalWall && new?.originalWall != nil)
    }

    @Test("Control characters, raw line ends, odd names and parameters, and bytes of other encodings are borne")
    func oddities() throws {
        let lines = event(
            "e1",
            [
                "SUMMARY:One\u{B}two", "DESCRIPTION:first", "second line", "Please note: bring a pen",
                "X_ODD.NAME;P;Q:=1;\"R:value", "ATTENDEE;CN=Eve \"the boss\" Smith:mailto:eve@example.org",
                "X-MANY" + String(repeating: ";P=1", count: 100) + ":v",
                "X-LONG:" + String(repeating: "a", count: SchedulingLimits.lineBytes + 1), "LOCATION:a\rb:c",
            ])
        var bytes = calendar(lines)
        let place = try #require(bytes.firstIndex(of: UInt8(ascii: "\u{B}")))
        bytes.insert(0xFF, at: place)
        let file = try CalendarFile(bytes)
        #expect(file.problems.isEmpty && file.events.first?.problem == nil)
        #expect(file.events.first?.summary == "One\u{FFFD} two")
        #expect(reading(file).occurrences.map(\.from) == [utc(2026, 12, 1, 8)])
    }

    @Test("One event with something twice, or too long, is refused by itself; so is a line that belongs to none")
    func byItself() throws {
        let long = String(repeating: "a", count: SchedulingLimits.lineBytes)
        let lines =
            event("e1", ["SUMMARY:a", "SUMMARY:b"]) + ["garbage"] + event("e2", ["SUMMARY:\(long)"]) + event("e3")
        let file = try CalendarFile(calendar(lines))
        let found = reading(file)
        #expect(found.occurrences.map(\.uid) == ["e3"] && found.refused == 2)
        #expect(found.problems.map(\.line) == [12, 10, 17] && file.problems.count == 1)
    }

    @Test("Zones by the names of Windows, and times without a zone by the file's X-WR-TIMEZONE")
    func zoneNames() throws {
        let windows = try reading(
            event(times: ["DTSTART;TZID=Central European Standard Time:20261201T090000", "DURATION:PT1H"]))
        #expect(windows.occurrences.map(\.from) == [utc(2026, 12, 1, 8)])
        let quoted = try reading(
            event(times: ["DTSTART;TZID=\"Pacific SA Standard Time\":20261201T090000", "DURATION:PT1H"]))
        #expect(quoted.occurrences.map(\.from) == [utc(2026, 12, 1, 12)])
        let floating = event(times: ["DTSTART:20261201T090000", "DURATION:PT1H"])
        let named = try reading(["X-WR-TIMEZONE:America/New_York"] + floating)
        #expect(named.occurrences.map(\.from) == [utc(2026, 12, 1, 14)])
        #expect(named.occurrences.first?.wall?.zone == "America/New_York")
        let unknown = try reading(["X-WR-TIMEZONE:Middle Earth"] + floating)
        #expect(unknown.problems.first?.message.contains("--tzid \"Middle Earth=") == true)
    }

    @Test("Of two versions of one event in a file the newer counts; where none is, both are refused and named")
    func versions() throws {
        func version(_ hour: String, _ lines: String...) -> [String] {
            event("e1", lines, times: ["DTSTART:20261201T\(hour)0000Z", "DURATION:PT1H"])
        }
        let bySequence = try reading(version("10", "SEQUENCE:2") + version("11", "SEQUENCE:1"))
        #expect(bySequence.occurrences.map(\.from) == [utc(2026, 12, 1, 10)])
        let byStamp = try reading(
            version("10", "DTSTAMP:20261101T080000Z") + version("11", "LAST-MODIFIED:20261102T080000Z"))
        #expect(byStamp.occurrences.map(\.from) == [utc(2026, 12, 1, 11)])
        #expect(try reading(version("10") + version("10")).occurrences.count == 1)
        let neither = try reading(version("10") + version("11"))
        #expect(neither.occurrences.isEmpty && neither.problems.first?.message.contains("in line 5") == true)
    }

    @Test("Without the system's time zones it says what to install")
    func noZones() throws {
        let zones = ZoneDatabase(place: "/nowhere") { _ in nil }
        let now = utc(2026, 11, 23, 12)
        let found = CalendarReader(clock: .utc, zones: zones, now: now, horizon: now + .seconds(86_400 * 60)).read(
            try file("vancouver"))
        #expect(found.problems.first?.message.contains("install the package tzdata") == true)
    }
}
