import BrokerCore
import Foundation

/// Moments as people read them, in one time zone.
struct TimeText {
    private let calendar: Calendar

    init(zone: TimeZone = .current) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        self.calendar = calendar
    }

    /// `2026-11-23 07:42:54`.
    func moment(_ time: Timestamp) -> String {
        let parts = parts(time)
        return "\(parts.year ?? 0)-\(two(parts.month))-\(two(parts.day)) " + clock(parts)
    }

    /// `07:42:54.120`, for times that are close to each other.
    func precise(_ time: Timestamp) -> String {
        let milliseconds = String(((time.milliseconds % 1000) + 1000) % 1000)
        return moment(time) + "." + String(repeating: "0", count: 3 - milliseconds.count) + milliseconds
    }

    /// The time of day, with the date unless it is today's.
    func short(_ time: Timestamp, now: Timestamp) -> String {
        let parts = parts(time)
        let today = self.parts(now)
        let isToday = (parts.year, parts.month, parts.day) == (today.year, today.month, today.day)
        return isToday ? clock(parts) : moment(time)
    }

    private func parts(_ time: Timestamp) -> DateComponents {
        let seconds = Double((time.milliseconds - (((time.milliseconds % 1000) + 1000) % 1000)) / 1000)
        return calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second], from: Date(timeIntervalSince1970: seconds))
    }

    private func clock(_ parts: DateComponents) -> String {
        "\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second))"
    }

    private func two(_ number: Int?) -> String {
        let text = String(number ?? 0)
        return text.count < 2 ? "0" + text : text
    }
}

extension Timestamp {
    /// The wall clock's.
    static func current() -> Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
