import BrokerCore
import Foundation

/// What the clocks on the walls of one place show, and when they are changed.
///
/// The rules of the world's time zones come from Foundation, which carries them with it.
public struct WallClock: Sendable {
    /// What a wall time means here.
    public enum Meaning: Hashable, Sendable {
        case once(Timestamp)
        /// The clocks are put back over it: it comes before that, and again after it.
        case twice(Timestamp, Timestamp)
        /// The clocks are put forward over it, from `from` to `to`: it never comes. With the offset from before the
        /// change it would be `instead`.
        case never(from: WallTime, to: WallTime, instead: Timestamp)
    }

    public let zone: TimeZone

    public init(_ zone: TimeZone) { self.zone = zone }

    /// By the name that the IANA's database has for it, such as `Europe/Warsaw`; `nil` if it has none.
    public init?(named name: String) {
        // Foundation understands more, such as abbreviations, of which some have several meanings.
        guard name == "UTC" || name.contains("/"), let zone = TimeZone(identifier: name) else { return nil }
        self.init(zone)
    }

    public static let utc = WallClock(TimeZone(secondsFromGMT: 0) ?? .gmt)

    /// What the clocks show at a moment.
    public func wallTime(at moment: Timestamp) -> WallTime {
        let seconds = moment.milliseconds.flooredQuotient(by: 1000)
        return WallTime(secondsSince1970: seconds + offset(at: seconds))
    }

    /// Seconds that the clocks are ahead of Coordinated Universal Time.
    public func offset(at moment: Timestamp) -> Int64 {
        offset(at: moment.milliseconds.flooredQuotient(by: 1000))
    }

    private func offset(at seconds: Int64) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
    }

    public func meaning(of wall: WallTime) -> Meaning {
        let seconds = wall.secondsSince1970
        // No zone changes its clocks twice within two days.
        let before = offset(at: seconds - 86_400)
        let after = offset(at: seconds + 86_400)
        let early = seconds - before
        let late = seconds - after
        func moment(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }
        if before == after { return .once(moment(early)) }
        switch (offset(at: early) == before, offset(at: late) == after) {
        case (true, true): return early < late ? .twice(moment(early), moment(late)) : .once(moment(early))
        case (true, false): return .once(moment(early))
        case (false, true): return .once(moment(late))
        case (false, false):
            let change = firstMoment(from: late, to: early) { offset(at: $0) == after }
            return .never(
                from: WallTime(secondsSince1970: change + before), to: WallTime(secondsSince1970: change + after),
                instead: moment(early))
        }
    }

    /// As RFC 5545, section 3.3.5, wants it: what comes twice is the first, and what never comes has the offset from
    /// before the change.
    public func moment(of wall: WallTime) -> Timestamp {
        switch meaning(of: wall) {
        case .once(let moment), .twice(let moment, _), .never(_, _, let moment): moment
        }
    }

    /// The first second for which something holds, which goes on holding.
    private func firstMoment(from: Int64, to: Int64, where holds: (Int64) -> Bool) -> Int64 {
        var (low, high) = (from, to)
        while low < high {
            let middle = low + (high - low) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
