import Broker
import BrokerCore
import Foundation
import Scheduling

/// Times for people, in one time zone.
struct TimeText {
    private let clock: WallClock

    /// - Parameter clock: this machine's by default.
    init(clock: WallClock = .local) { self.clock = clock }

    /// `2026-11-23 07:42:54`.
    func moment(_ time: Timestamp) -> String {
        let wall = clock.wallTime(at: time)
        return "\(wall.date) \(wall.timeOfDayWithSeconds)"
    }

    /// `07:42:54.120`, for times that are close together.
    func precise(_ time: Timestamp) -> String {
        let milliseconds = String(((time.milliseconds % 1000) + 1000) % 1000)
        return moment(time) + "." + String(repeating: "0", count: 3 - milliseconds.count) + milliseconds
    }

    /// The time of day, with the date unless it is today's.
    func short(_ time: Timestamp, now: Timestamp) -> String {
        let wall = clock.wallTime(at: time)
        return wall.day == clock.wallTime(at: now).day ? wall.timeOfDayWithSeconds : moment(time)
    }
}

extension WallClock {
    /// The wall clock of this machine, by its own time zone database.
    static let local = ZoneDatabase.system().local()
}

extension Timestamp {
    /// The current wall-clock time.
    static func current() -> Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
