import BrokerCore

/// What the clocks on the walls of one place show, and when they are changed.
///
/// The rules come from a `ZoneDatabase`, which is the system's: what governments decide reaches it with the system's
/// updates.
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

    /// The name that the IANA's database has for the place, such as `Europe/Warsaw`.
    public let name: String
    private let rules: ZoneRules

    public init(name: String, rules: ZoneRules) {
        self.name = name
        self.rules = rules
    }

    /// In place of the name of a zone that nobody knows.
    public static let unnamed = "local time"

    public static let utc = WallClock(name: "UTC", rules: ZoneRules(fixed: 0))

    /// What the clocks show at a moment.
    public func wallTime(at moment: Timestamp) -> WallTime {
        let seconds = moment.milliseconds.flooredQuotient(by: 1000)
        return WallTime(secondsSince1970: seconds + offset(at: seconds))
    }

    /// Seconds that the clocks are ahead of Coordinated Universal Time.
    public func offset(at moment: Timestamp) -> Int64 {
        offset(at: moment.milliseconds.flooredQuotient(by: 1000))
    }

    private func offset(at seconds: Int64) -> Int64 { rules.offset(at: seconds) }

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

    /// The same, but of a time that comes twice the moment that is given, if it is one of the two.
    public func moment(of wall: WallTime, near given: Timestamp) -> Timestamp {
        if case .twice(_, given) = meaning(of: wall) { return given }
        return moment(of: wall)
    }

    /// Words for whoever wrote a time that the clocks here skip, as they go from `from` to `to`.
    func skipping(_ wall: WallTime, from: WallTime, to: WallTime) -> String {
        "\(wall) never comes in \(name): the clocks go from \(from.timeOfDay) to \(to.timeOfDay) then"
    }

    /// A span as the clocks here show it; `nil` in a zone without a name, where nobody could tell it again.
    public func span(from: Timestamp, to: Timestamp) -> WallSpan? {
        guard name != Self.unnamed else { return nil }
        return WallSpan(
            zone: name, from: wallTime(at: from).secondsSince1970, to: wallTime(at: to).secondsSince1970)
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
