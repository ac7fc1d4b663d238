import BrokerCore
import SeededRandom
import Testing

@testable import Scheduling

/// Whatever a file contains, it is answered quickly, without a crash, and within the limits.
@Suite("Hostile calendars")
struct HostileCalendarTests {
    private static let seeds: [[UInt8]] = [
        calendar(
            event(
                "e1",
                [
                    "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;WKST=SU;UNTIL=20270101T000000Z", "SEQUENCE:3",
                    "EXDATE;TZID=Europe/Warsaw:20261203T090000", "X-CARREL-SEATS:30", "CATEGORIES:a,b",
                    "SUMMARY:Grüße\\, alle", "BEGIN:VALARM", "END:VALARM",
                ])
                + event(
                    "e1", ["RECURRENCE-ID;TZID=Europe/Warsaw:20261215T090000"],
                    times: ["DTSTART:20261216T080000Z", "DURATION:P1DT2H"])),
        calendar(
            ["BEGIN:VTIMEZONE", "TZID:X", "X-LIC-LOCATION:Europe/Paris", "END:VTIMEZONE"]
                + event(
                    "e2", ["STATUS:CANCELLED", "RRULE:FREQ=DAILY;COUNT=10000"],
                    times: ["DTSTART;TZID=X:20261201T090000", "DTEND;TZID=X:20261201T100000"])),
    ]

    private func read(_ bytes: [UInt8]) {
        guard let file = try? CalendarFile(bytes) else { return }
        let now = utc(2026, 11, 23, 12)
        let found = CalendarReader(clock: warsaw, zones: zones, now: now, horizon: now + Limits.reservationHorizon)
            .read(file)
        #expect(found.occurrences.count <= SchedulingLimits.occurrences)
        #expect(found.problems.count <= SchedulingLimits.problems)
        #expect(found.occurrences.allSatisfy { $0.to > now })
    }

    @Test("Bytes changed, dropped, doubled and swapped", arguments: 0..<4)
    func mutations(part: Int) {
        var random = SplitMix64(seed: UInt64(part + 1))
        let interesting: [UInt8] = Array("\r\n\t :;,=\"\\-+0123456789TZPWDHMS\u{7F}".utf8) + [0, 0xC3, 0xFF]
        for _ in 0..<4000 {
            var bytes = Self.seeds.randomElement(using: &random)!
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                guard !bytes.isEmpty else { break }
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[at] = interesting.randomElement(using: &random)!
                case 1: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 2: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...20, using: &random)))
                case 3:
                    let piece = bytes[at..<min(bytes.count, at + Int.random(in: 1...60, using: &random))]
                    bytes.insert(contentsOf: piece, at: Int.random(in: 0...bytes.count, using: &random))
                default: bytes.insert(interesting.randomElement(using: &random)!, at: at)
                }
            }
            read(bytes)
        }
    }

    @Test("Cut off anywhere, it is refused")
    func cut() {
        for seed in Self.seeds {
            for length in 0..<(seed.count - 2) {
                #expect(throws: SchedulingError.self) { try CalendarFile(Array(seed.prefix(length))) }
            }
        }
    }

    @Test(
        "The worst recurrences come to an end",
        arguments: [
            "FREQ=DAILY", "FREQ=DAILY;INTERVAL=10000", "FREQ=WEEKLY;INTERVAL=10000",
            "FREQ=DAILY;INTERVAL=7;BYDAY=MO,TU",
            "FREQ=WEEKLY;COUNT=10000;BYDAY=MO,TU,WE,TH,FR,SA,SU", "FREQ=DAILY;UNTIL=99991231T235959Z",
        ])
    func recurrences(rule: String) throws {
        for start in ["00010102T000000", "19700106T000000", "20261201T000000", "99991228T000000"] {
            let lines = (0..<20).flatMap {
                event("e\($0)", ["RRULE:\(rule)"], times: ["DTSTART;TZID=Europe/Warsaw:\(start)", "DURATION:PT1H"])
            }
            let found = try reading(lines)
            #expect(found.occurrences.count <= SchedulingLimits.occurrences)
        }
    }
}
