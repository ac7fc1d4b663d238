import BrokerCore
import Testing

@testable import Scheduling

@Suite("Calendars as files")
struct CalendarFileTests {
    private func failure(_ bytes: [UInt8]) -> SchedulingError? {
        do {
            _ = try CalendarFile(bytes)
            return nil
        } catch { return error }
    }

    @Test("Folded lines are put together, wherever they are folded, with CR LF or LF alone")
    func folding() throws {
        let folded = calendar(event("e1", ["SUMMARY:Python\\, für", "  alle"]))
        #expect(try CalendarFile(folded).events.first?.summary == "Python, für alle")
        // Old programs fold even between the two bytes of a letter.
        var split = Array("BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:e\nSUMMARY:f".utf8)
        split += [0xC3] + Array("\n\t".utf8) + [0xBC] + Array("r\nEND:VEVENT\nEND:VCALENDAR\n".utf8)
        #expect(try CalendarFile(split).events.first?.summary == "für")
        #expect(try CalendarFile([0xEF, 0xBB, 0xBF] + folded).events.count == 1)
    }

    @Test("Parameters may be quoted, listed and in any case; names are in any case, too")
    func parameters() throws {
        let line = try #require(
            ContentLine("dtstart;X-A=\"a;b:c\",d,\"e\";tzid=Europe/Warsaw:20261201T090000", line: 7))
        #expect(line.name == "DTSTART" && line.value == "20261201T090000" && line.line == 7)
        #expect(line.parameters == ["X-A": "a;b:c", "TZID": "Europe/Warsaw"])
        #expect(ContentLine("SUMMARY:a\\nb\\;c\\\\d\\,e", line: 1)?.text == "a\nb;c\\d,e")
    }

    @Test("What stands in components that are not read is passed over: alarms, tasks, properties of others")
    func passedOver() throws {
        let lines =
            ["BEGIN:VTODO", "UID:t", "DTSTART:nonsense", "END:VTODO", "X-OTHER;Y=1:z"]
            + event(
                "e1",
                ["BEGIN:VALARM", "UID:alarm", "TRIGGER:-PT15M", "END:VALARM", "ATTENDEE;CN=\"A:B\":mailto:a@b.example"])
        let file = try CalendarFile(calendar(lines))
        #expect(file.events.map(\.uid) == ["e1"])
        #expect(file.events.first?.problem == nil)
    }

    @Test("A time zone's own rules are not followed; the place that it names is")
    func zones() throws {
        let zone = [
            "BEGIN:VTIMEZONE", "TZID:Mitteleuropa", "X-LIC-LOCATION:Europe/Warsaw", "BEGIN:STANDARD",
            "DTSTART:19700101T000000", "TZOFFSETFROM:+1400", "TZOFFSETTO:+1400", "END:STANDARD", "END:VTIMEZONE",
        ]
        let times = ["DTSTART;TZID=Mitteleuropa:20261201T090000", "DURATION:PT2H"]
        #expect(try reading(zone + event(times: times)).occurrences.first?.from == utc(2026, 12, 1, 8))
        let unknown = try reading(event(times: times))
        #expect(unknown.problems.first?.message.contains("--tzid \"Mitteleuropa=") == true)
        #expect(try reading(event(times: times), aliases: ["Mitteleuropa": warsaw]).occurrences.count == 1)
        let path = ["DTSTART;TZID=/example.org/2026/America/Argentina/Salta:20261201T090000", "DURATION:PT2H"]
        #expect(try reading(event(times: path)).occurrences.first?.from == utc(2026, 12, 1, 12))
    }

    @Test(
        "What is no calendar is refused with its line",
        arguments: [
            ("", nil), ("hello", 1), ("<html>\n<body>", 1), ("BEGIN:VEVENT\nEND:VEVENT\n", 1),
            ("BEGIN:VCALENDAR\nVERSION:2.0\n", nil),
            ("BEGIN:VCALENDAR\nVERSION:1.0\nEND:VCALENDAR\n", 2),
            ("BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REPLY\nEND:VCALENDAR\n", 3),
            ("BEGIN:VCALENDAR\nVERSION:2.0\nCALSCALE:HEBREW\nEND:VCALENDAR\n", 3),
            ("BEGIN:VCALENDAR\nVERSION:2.0\nEND:VEVENT\n", 3),
            ("BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\nBEGIN:VCALENDAR\n", 4),
            ("BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VCALENDAR\n", 3),
        ] as [(String, Int?)])
    func malformed(text: String, line: Int?) {
        let error = failure(Array(text.utf8))
        #expect(error != nil && (line == nil || error?.line == line), "\(error as Any)")
    }

    @Test("Every limit is kept: of bytes, of lines, of depth, of events, of dates left out")
    func limits() {
        #expect(
            failure([UInt8](repeating: 10, count: SchedulingLimits.calendarBytes + 1))?.message.contains("bytes")
                == true)
        let many =
            Array("BEGIN:VCALENDAR\n".utf8)
            + Array(repeating: Array("X:\n".utf8), count: SchedulingLimits.lines).flatMap(\.self)
        #expect(failure(many)?.message.contains("lines") == true)
        let deep = Array(repeating: "BEGIN:X", count: SchedulingLimits.nesting)
        #expect(failure(calendar(deep))?.message.contains("deep") == true)
        let events = try? CalendarFile(calendar((0...SchedulingLimits.events + 5).flatMap { event("e\($0)") }))
        #expect(events?.events.count == SchedulingLimits.events)
        #expect(events?.problems.map { $0.message.contains("more than") } == [true])
        let dates = Array(repeating: "20261201", count: SchedulingLimits.exceptions + 1).joined(separator: ",")
        let left = try? reading(event("e1", ["EXDATE;VALUE=DATE:\(dates)"]))
        #expect(left?.problems.first?.message.contains("leaves out more than") == true)
    }
}
