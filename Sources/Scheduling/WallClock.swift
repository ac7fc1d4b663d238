import BrokerCore

/// The wall time of one time zone, and its clock changes.
///
/// The rules come from a `ZoneDatabase`, normally the system's, which the system's updates keep in step with government
/// decisions.
public struct WallClock: Sendable {
    /// The absolute times that a wall time can refer to.
    public enum Meaning: Hashable, Sendable {
        case once(Timestamp)
        /// It occurs before the clocks are put back, and again afterwards.
        case twice(Timestamp, Timestamp)
        /// The clocks are put forward from `from` to `to` and skip it. With the offset from before the change it would
        /// be `instead`.
        case never(from: WallTime, to: WallTime, instead: Timestamp)
    }

    /// The place's name in the IANA's database, such as `Europe/Warsaw`.
    public let name: String
    private let rules: ZoneRules

    public init(name: String, rules: ZoneRules) {
        self.name = name
        self.rules = rules
    }

    /// The name of a zone whose real name is unknown.
    public static let unnamed = "local time"

    public static let utc = WallClock(name: "UTC", rules: ZoneRules(fixed: 0))

    /// The wall time at an absolute time.
    public func wallTime(at moment: Timestamp) -> WallTime {
        let seconds = moment.milliseconds.flooredQuotient(by: 1000)
        return WallTime(secondsSince1970: seconds + offset(at: seconds))
    }

    /// The offset from Coordinated Universal Time, in seconds; positive if ahead.
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

    /// As RFC 5545, section 3.3.5, requires: a time that occurs twice means the first, and a skipped one is read with
    /// the offset from before the change.
    public func moment(of wall: WallTime) -> Timestamp {
        switch meaning(of: wall) {
        case .once(let moment), .twice(let moment, _), .never(_, _, let moment): moment
        }
    }

    /// The same, except that for a time that occurs twice, `given` is returned if it is one of the two.
    public func moment(of wall: WallTime, near given: Timestamp) -> Timestamp {
        if case .twice(_, given) = meaning(of: wall) { return given }
        return moment(of: wall)
    }

    /// Explains to the author of a time that the clocks here skip it, as they go from `from` to `to`.
    func skipping(_ wall: WallTime, from: WallTime, to: WallTime) -> String {
        "\(wall) never comes in \(name): the clocks go from \(from.timeOfDay) to \(to.timeOfDay) then"
    }

    /// A time range in wall time; `nil` for an unnamed zone, because the range could not be converted back.
    public func span(from: Timestamp, to: Timestamp) -> WallSpan? {
        guard name != Self.unnamed else { return nil }
        return WallSpan(
            zone: name, from: wallTime(at: from).secondsSince1970, to: wallTime(at: to).secondsSince1970)
    }

    /// The first second for which `holds` is true; it must stay true from there on.
    private func firstMoment(from: Int64, to: Int64, where holds: (Int64) -> Bool) -> Int64 {
        var (low, high) = (from, to)
        while low < high {
            let middle = low + (high - low) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
