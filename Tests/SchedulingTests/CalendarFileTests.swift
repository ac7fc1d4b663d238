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
        // Between the two bytes of a letter, too: old programs do that.
        var split = Array("BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:e\nSUMMARY:f".utf8)
        split += [0xC3] + Array("\n\t".utf8) + [0xBC] + Array("r\nEND:VEVENT\nEND:VCALENDAR\n".utf8)
        #expect(try CalendarFile(split).events.first?.summary == "für")
        #expect(try CalendarFile([0xEF, 0xBB, 0xBF] + folded).events.count == 1)
    }

    @Test("Parameters may be quoted, listed and in any case; names are in any case, too")
    func parameters() throws {
        let line = try ContentLine("dtstart;X-A=\"a;b:c\",d,\"e\";tzid=Europe/Warsaw:20261201T090000", line: 7)
        #expect(line.name == "DTSTART" && line.value == "20261201T090000" && line.line == 7)
        #expect(line.parameters == ["X-A": "a;b:c", "TZID": "Europe/Warsaw"])
        #expect(try ContentLine("SUMMARY:a\\nb\\;c\\\\d\\,e", line: 1).text == "a\nb;c\\d,e")
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
        #expect(try reading(event(times: times), zones: ["Mitteleuropa": warsaw]).occurrences.count == 1)
        let path = ["DTSTART;TZID=/example.org/2026/America/Argentina/Salta:20261201T090000", "DURATION:PT2H"]
        #expect(try reading(event(times: path)).occurrences.first?.from == utc(2026, 12, 1, 12))
    }

    @Test(
        "What is no calendar is refused with its line",
        arguments: [
            ("", nil), ("hello", 1), ("<html>\n<body>", 1), ("BEGIN:VEVENT\nEND:VEVENT\n", 1),
            ("BEGIN:VCALENDAR\nVERSION:2.0\n", nil), ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", nil),
            ("BEGIN:VCALENDAR\nVERSION:1.0\nEND:VCALENDAR\n", 2),
            ("BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REPLY\nEND:VCALENDAR\n", 3),
            ("BEGIN:VCALENDAR\nVERSION:2.0\nCALSCALE:HEBREW\nEND:VCALENDAR\n", 3),
            ("BEGIN:VCALENDAR\nVERSION:2.0\nEND:VEVENT\n", 3),
            ("BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\nBEGIN:VCALENDAR\n", 4),
            ("BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VCALENDAR\n", 3),
            ("BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:a\nUID:b\n", 5),
            ("BEGIN:VCALENDAR\nVERSION:2.0\nSUMMARY\u{0}:x\n", 3), ("BEGIN:VCALENDAR\nVERSION:2.0\nno colon\n", 3),
            ("BEGIN:VCALENDAR\nVERSION:2.0\nA;B:c\n", 3), ("BEGIN:VCALENDAR\nVERSION:2.0\nA;B=\"c:d\n", 3),
            ("BEGIN:VCALENDAR\nVERSION:2.0\nA;B=1;B=2:d\n", 3), ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\r\n", 2),
        ] as [(String, Int?)])
    func malformed(text: String, line: Int?) {
        let error = failure(Array(text.utf8))
        #expect(error != nil && (line == nil || error?.line == line), "\(error as Any)")
    }

    @Test("What is no UTF-8 is refused")
    func encoding() {
        let bytes = Array("BEGIN:VCALENDAR\nSUMMARY:".utf8) + [0xFF, 0xFE] + Array("\nEND:VCALENDAR".utf8)
        #expect(failure(bytes)?.message == "this is no UTF-8")
    }

    @Test("Every limit is kept: of bytes, of a line, of lines, of parameters, of depth, of events, of dates left out")
    func limits() {
        #expect(
            failure([UInt8](repeating: 10, count: SchedulingLimits.calendarBytes + 1))?.message.contains("bytes")
                == true)
        // One line that is folded again and again.
        let long =
            Array("BEGIN:VCALENDAR\nX:".utf8)
            + Array(repeating: Array("\n aaaaaaaaaaaaaaaa".utf8), count: SchedulingLimits.lineBytes / 16 + 1).flatMap(
                \.self)
        #expect(failure(long)?.message.contains("a line has more than") == true)
        let many =
            Array("BEGIN:VCALENDAR\n".utf8)
            + Array(repeating: Array("X:\n".utf8), count: SchedulingLimits.lines).flatMap(\.self)
        #expect(failure(many)?.message.contains("lines") == true)
        let parameters = (0...SchedulingLimits.parameters).map { ";P\($0)=1" }.joined()
        #expect(failure(calendar(["X\(parameters):v"]))?.message.contains("parameters") == true)
        let deep = Array(repeating: "BEGIN:X", count: SchedulingLimits.nesting)
        #expect(failure(calendar(deep))?.message.contains("deep") == true)
        let events = (0...SchedulingLimits.events).flatMap { event("e\($0)") }
        #expect(failure(calendar(events))?.message.contains("events") == true)
        let dates = Array(repeating: "20261201", count: SchedulingLimits.exceptions + 1).joined(separator: ",")
        let left = try? reading(event("e1", ["EXDATE;VALUE=DATE:\(dates)"]))
        #expect(left?.problems.first?.message.contains("leaves out more than") == true)
    }
}
