import BrokerCore
import Testing

@testable import Scheduling

@Suite("What a calendar's events mean")
struct CalendarReaderTests {
    @Test("An event is a time; in a zone, in UTC, or wherever the reader is")
    func single() throws {
        let zoned = try reading(event())
        #expect(
            zoned.occurrences.map(\.from) == [utc(2026, 12, 1, 8)]
                && zoned.occurrences.map(\.to) == [utc(2026, 12, 1, 10)])
        #expect(
            zoned.events == ["e1": EventRevision(sequence: 0)]
                && zoned.occurrences.first?.original == utc(2026, 12, 1, 8))
        let universal = try reading(event(times: ["DTSTART:20261201T090000Z", "DURATION:PT90M"]))
        #expect(universal.occurrences.map(\.to) == [utc(2026, 12, 1, 10, 30)])
        let floating = try reading(event(times: ["DTSTART:20261201T090000", "DTEND:20261201T100000"]))
        #expect(floating.occurrences.map(\.from) == [utc(2026, 12, 1, 8)])
    }

    @Test("A weekly event keeps its time over the change of the clocks; dates that it leaves out are left out")
    func recurring() throws {
        let times = ["DTSTART;TZID=Europe/Warsaw:20270323T090000", "DTEND;TZID=Europe/Warsaw:20270323T110000"]
        let found = try reading(
            event(
                "e1", ["RRULE:FREQ=WEEKLY;UNTIL=20270413T070000Z", "EXDATE;TZID=Europe/Warsaw:20270406T090000"],
                times: times))
        #expect(found.problems.isEmpty)
        #expect(found.occurrences.map(\.from) == [utc(2027, 3, 23, 8), utc(2027, 3, 30, 7), utc(2027, 4, 13, 7)])
        let byDay = try reading(event("e1", ["RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20261202"]))
        #expect(byDay.occurrences.map(\.from) == [utc(2026, 12, 1, 8), utc(2026, 12, 3, 8)])
    }

    @Test("Over a change of the clocks a DTEND keeps the length, a DURATION's days keep the time of day")
    func lengths() throws {
        let night = ["DTSTART;TZID=Europe/Warsaw:20270327T220000"]
        let exact = try reading(event(times: night + ["DTEND;TZID=Europe/Warsaw:20270328T040000"]))
        #expect(exact.occurrences.map { $0.to - $0.from } == [.seconds(5 * 3600)])
        let nominal = try reading(event(times: night + ["DURATION:P1D"]))
        #expect(nominal.occurrences.map { $0.to - $0.from } == [.seconds(23 * 3600)])
        let gap = try reading(event(times: ["DTSTART;TZID=Europe/Warsaw:20270328T023000", "DURATION:PT1H"]))
        #expect(gap.occurrences.map(\.from) == [utc(2027, 3, 28, 1, 30)])
    }

    @Test("A start that the clocks skip is explained: taken an hour later, or refused where it would end before it")
    func skippedHour() throws {
        let start = "DTSTART;TZID=Europe/Warsaw:20270328T023000"
        let words = "2027-03-28T02:30 never comes in Europe/Warsaw: the clocks go from 02:00 to 03:00 then"
        let taken = try reading(event(times: [start, "DURATION:PT1H"]))
        #expect(taken.problems.isEmpty && taken.notes.map(\.kind) == [.skippedHour])
        #expect(taken.notes.map(\.description) == ["line 5: \(words); it is taken as 2027-03-28T03:30"])
        let refused = try reading(event(times: [start, "DTEND;TZID=Europe/Warsaw:20270328T033000"]))
        #expect(refused.occurrences.isEmpty && refused.refused == 1)
        #expect(refused.problems.map(\.description) == ["line 5: \(words); take 2027-03-28T03:30, or another time"])
    }

    @Test("An event that ends before it begins is refused with its line, unless it is past")
    func noLength() throws {
        for end in ["20261210T090000Z", "20261210T100000Z"] {
            let found = try reading(event(times: ["DTSTART:20261210T100000Z", "DTEND:\(end)"]))
            #expect(found.problems.map(\.description) == ["line 5: the event does not end after it begins"])
            #expect(found.occurrences.isEmpty && found.events.isEmpty)
        }
        let past = try reading(event(times: ["DTSTART:20251210T100000Z", "DTEND:20251210T100000Z"]))
        #expect(past.problems.isEmpty && past.past == 1)
    }

    @Test("An event that begins beyond the horizon is named with its line, and is no problem")
    func tooFarAhead() throws {
        let far = event("far", times: ["DTSTART:20291215T090000Z", "DTEND:20291215T100000Z"])
        let last = event("last", times: ["DTSTART:99991231T235959Z", "DTEND:99991231T235960Z"])
        let found = try reading(event() + far + last)
        #expect(found.occurrences.map(\.uid) == ["e1"] && found.problems.isEmpty && found.refused == 0)
        #expect(found.notes.map(\.kind) == [.tooFarAhead, .tooFarAhead] && found.notes.map(\.uid) == ["far", "last"])
        #expect(
            found.notes.map(\.description) == [
                "line 10: it begins on 2029-12-15, which is more than 400 days ahead; import the file again later",
                "line 15: it begins on 9999-12-31, which is more than 400 days ahead; import the file again later",
            ])
        // Occurrences that were booked when the event was nearer are cancelled.
        #expect(found.events.keys.sorted() == ["e1", "far", "last"])
        let moved = event(
            "e1", ["RECURRENCE-ID;TZID=Europe/Warsaw:20261208T090000"],
            times: ["DTSTART:20291215T090000Z", "DURATION:PT1H"])
        let changed = try reading(event("e1", ["RRULE:FREQ=WEEKLY;COUNT=2"]) + moved)
        #expect(changed.occurrences.count == 1 && changed.notes.map(\.line) == [11])
        #expect(changed.notes.map(\.kind) == [.tooFarAhead])
        let seldom = try reading(
            event(
                "e1", ["RRULE:FREQ=DAILY;INTERVAL=10000"],
                times: ["DTSTART:20260101T090000Z", "DURATION:PT1H"]))
        #expect(seldom.occurrences.isEmpty && seldom.notes.map(\.kind) == [.tooFarAhead])
        #expect(seldom.notes.first?.message.hasPrefix("it comes again on 2053-05-19, ") == true)
    }

    @Test("A recurrence that goes on beyond the horizon says once how many times are taken, and until when")
    func takenInPart() throws {
        for end in ["", ";COUNT=58", ";UNTIL=99991231T235959Z"] {
            let found = try reading(event("e1", ["RRULE:FREQ=WEEKLY\(end)"]))
            #expect(found.occurrences.count == 57 && found.problems.isEmpty)
            #expect(found.notes.map(\.kind) == [.takenInPart])
            #expect(
                found.notes.map(\.description) == [
                    "line 5: 57 times are taken, until 2027-12-28; it goes on, but what comes from 2028-01-04 on is "
                        + "more than 400 days ahead: import the file again later"
                ])
        }
        let whole = try reading(event("e1", ["RRULE:FREQ=WEEKLY;COUNT=57"]))
        #expect(whole.occurrences.count == 57 && whole.notes.isEmpty)
    }

    @Test("A changed occurrence has its own time, and is known by the one it had; a cancelled one is not there")
    func changed() throws {
        let master = event("e1", ["RRULE:FREQ=WEEKLY;COUNT=3", "SEQUENCE:2", "X-CARREL-SEATS:30", "SUMMARY:Python"])
        let moved = event(
            "e1",
            [
                "RECURRENCE-ID;TZID=Europe/Warsaw:20261208T090000", "SEQUENCE:3", "X-CARREL-SEATS:40",
                "SUMMARY:Python, moved",
            ], times: ["DTSTART;TZID=Europe/Warsaw:20261209T140000", "DURATION:PT1H"])
        let off = event(
            "e1", ["RECURRENCE-ID;TZID=Europe/Warsaw:20261215T090000", "STATUS:CANCELLED"],
            times: ["DTSTART;TZID=Europe/Warsaw:20261215T090000", "DURATION:PT1H"])
        let found = try reading(moved + master + off)
        #expect(found.problems.isEmpty && found.events == ["e1": EventRevision(sequence: 3)])
        #expect(found.occurrences.map(\.from) == [utc(2026, 12, 1, 8), utc(2026, 12, 9, 13)])
        #expect(found.occurrences.map(\.original) == [utc(2026, 12, 1, 8), utc(2026, 12, 8, 8)])
        #expect(found.occurrences.map { $0.wishes["X-CARREL-SEATS"] } == ["30", "40"])
        #expect(found.occurrences.allSatisfy { $0.revision.sequence == 3 })
    }

    @Test("What is past is counted; what is called off cancels what was there with the same SEQUENCE")
    func pastAndCancelled() throws {
        let past = event("old", times: ["DTSTART:20251201T090000Z", "DURATION:PT1H"])
        let off = event("off", ["STATUS:CANCELLED", "SEQUENCE:4"])
        let found = try reading(past + off)
        #expect(
            found.past == 1 && found.occurrences.isEmpty && found.events.mapValues(\.sequence) == ["old": 0, "off": 5])
        #expect(try reading(event("e1", ["SEQUENCE:1"]), method: "CANCEL").events.mapValues(\.sequence) == ["e1": 2])
        let single = event("e1", ["RECURRENCE-ID:20261208T080000Z"])
        #expect(try reading(single, method: "CANCEL").problems.count == 1)
    }

    @Test("Of a calendar of many things only a category is read, however strange the others are")
    func categories() throws {
        let strange = event("party", ["RRULE:FREQ=YEARLY", "CATEGORIES:Fun"])
        let mixed = strange + event("lab", ["CATEGORIES:Teaching,Labs\\, real ones"])
        let found = try reading(mixed, category: "Labs, real ones")
        #expect(found.problems.isEmpty && found.occurrences.map(\.uid) == ["lab"] && found.unwanted == 1)
        #expect(try reading(mixed).problems.count == 1)
    }

    @Test(
        "What is not supported or not valid is reported with its line",
        arguments: [
            (["RRULE:FREQ=MONTHLY"], "only DAILY and WEEKLY"), (["RRULE:FREQ=WEEKLY;BYDAY=1MO"], "BYDAY=1MO"),
            (["RRULE:FREQ=WEEKLY;BYSETPOS=1"], "BYSETPOS"), (["RRULE:FREQ=WEEKLY;COUNT=0"], "COUNT=0"),
            (["RRULE:FREQ=WEEKLY;COUNT=99999999999999999999"], "COUNT=9"), (["RRULE:COUNT=2"], "no FREQ"),
            (["RRULE:FREQ=DAILY;COUNT=2;UNTIL=20261231"], "COUNT and UNTIL"),
            (["RRULE:FREQ=DAILY;INTERVAL=-1"], "INTERVAL"),
            (["RRULE:FREQ=DAILY;UNTIL=tomorrow"], "UNTIL"), (["RRULE:FREQ=DAILY;FREQ=DAILY"], "twice"),
            (["RRULE:FREQ=WEEKLY;BYDAY=FR"], "is a tuesday"), (["RRULE:FREQ=DAILY"], ""),
            (["RDATE:20261203T090000Z"], "RDATE"), (["SEQUENCE:-1"], "SEQUENCE"),
            (["SEQUENCE:99999999999"], "SEQUENCE"),
            (["RECURRENCE-ID;RANGE=THISANDFUTURE:20261201T080000Z"], "RANGE"), (["DURATION:PT1H"], "both"),
        ] as [([String], String)])
    func unsupported(lines: [String], words: String) throws {
        let problems = try reading(event("e1", lines)).problems
        if words.isEmpty { return #expect(problems.isEmpty) }
        #expect(problems.count == 1 && problems[0].line != nil && problems[0].message.contains(words), "\(problems)")
    }

    @Test(
        "Times that there are not are refused",
        arguments: [
            "20260230T090000", "20261201T250000", "20261201", "2026-12-01T09:00", "٢٠٢٦1201T090000", "",
            "20261201T090000ZZ",
            "99991231T235959Z,20261201T090000Z",
        ])
    func times(value: String) throws {
        #expect(try reading(event(times: ["DTSTART:\(value)", "DURATION:PT1H"])).problems.count == 1)
        #expect(CalendarSpan(value) == nil)
    }

    @Test("Whole days, events without an end or a UID, and two of the same UID are refused")
    func incomplete() throws {
        for lines in [
            event(times: ["DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261202"]),
            event(times: ["DTSTART:20261201T090000Z"]),
            event(times: ["DTEND:20261201T090000Z"]), event(""), event() + event("e1", ["SUMMARY:other"]),
            event(String(repeating: "u", count: 256)),
            event("e1", [], times: ["DTSTART;VALUE=PERIOD:20261201T090000Z/PT1H"]),
        ] {
            let found = try reading(lines)
            #expect(found.problems.count == 1 && found.occurrences.isEmpty, "\(lines)")
        }
    }

    @Test("More problems than can be read are counted; more times than can be booked are one")
    func many() throws {
        let bad = (0...SchedulingLimits.problems).flatMap { event("e\($0)", ["RDATE:20261203T090000Z"]) }
        let refused = try reading(bad)
        #expect(refused.problems.count == SchedulingLimits.problems && refused.refused == SchedulingLimits.problems + 1)
        let crowd = (0..<2).flatMap { event("e\($0)", ["RRULE:FREQ=DAILY;COUNT=300"]) }
        let found = try reading(crowd)
        #expect(found.occurrences.count == 300 && found.problems.first?.message.contains("more than 500") == true)
    }

    @Test(
        "Spans are read as the standard writes them",
        arguments: [
            ("PT1H30M", 5400), ("P1D", 86_400), ("P2W", 1_209_600), ("P1DT1S", 86_401), ("+PT5M", 300), ("PT0S", 0),
        ] as [(String, Int64)])
    func spans(text: String, seconds: Int64) { #expect(CalendarSpan(text)?.duration == .seconds(seconds)) }

    @Test(
        "Anything else is no span",
        arguments: [
            "P", "PT", "-PT1H", "1H", "PT1M1H", "PTT1H", "PT1.5H", "P1Y", "PT9999999999S", "P999999999D", "P1DT",
            "PT١H",
        ])
    func noSpans(text: String) { #expect(CalendarSpan(text) == nil) }
}
