import Foundation
import Testing

@testable import DockerEngine

@Suite("The engine's clock")
struct EngineClockTests {
    @Test(
        "is read in any time zone, to the millisecond",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:01.5Z", 1500),
            ("2026-11-23T14:00:00.123456789Z", 1_795_442_400_123),
            ("2026-11-23T15:00:00.123456789+01:00", 1_795_442_400_123),
            ("2026-11-23T08:30:00.1-05:30", 1_795_442_400_100), ("2024-02-29T23:59:60Z", 1_709_251_200_000),
            ("2000-03-01T00:00:00Z", 951_868_800_000), ("1969-12-31T23:59:59Z", -1000),
        ])
    func read(text: String, milliseconds: Int64) {
        #expect(EngineClock.milliseconds(text) == milliseconds)
    }

    @Test("agrees with Foundation on every day of four centuries")
    func everyDay() {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(secondsFromGMT: 0)!
        var moment: Int64 = -2_208_988_800  // 1900
        while moment < 10_413_792_000 {
            let parts = calendar.dateComponents(
                [.year, .month, .day], from: Date(timeIntervalSince1970: TimeInterval(moment)))
            func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
            let text = "\(parts.year!)-\(two(parts.month!))-\(two(parts.day!))T00:00:00Z"
            guard EngineClock.milliseconds(text) == moment * 1000 else {
                Issue.record("\(text) is read as \(String(describing: EngineClock.milliseconds(text)))")
                return
            }
            moment += 86_400
        }
    }

    @Test(
        "is not guessed",
        arguments: [
            "", "now", "2026-11-23", "2026-11-23T14:00:00", "2026-13-01T00:00:00Z", "2026-11-23T24:00:00Z",
            "2026-11-23 14:00:00Z", "2026-11-23T14:00:00+0100", "2026-11-23T14:00:00.Zz", "2026-11-2xT14:00:00Z",
            "0001-01-01T00:00:00z",
        ])
    func refused(text: String) {
        #expect(EngineClock.milliseconds(text) == nil)
    }
}
