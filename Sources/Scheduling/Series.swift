import BrokerCore

/// The times of a series: all begin and end at the same wall time as the first.
public struct Series: Hashable, Sendable {
    public var first: WallTime
    /// The time from start to end, in seconds of wall time.
    public var wallSeconds: Int64
    public var recurrence: Recurrence

    public init(from: Timestamp, to: Timestamp, on clock: WallClock, recurrence: Recurrence) {
        first = clock.wallTime(at: from)
        wallSeconds = clock.wallTime(at: to).secondsSince1970 - first.secondsSince1970
        self.recurrence = recurrence
    }

    /// - Throws: `SchedulingError` if there are too many of them, or none, or one is too far ahead.
    public func times(
        on clock: WallClock, now: Timestamp
    ) throws(SchedulingError) -> [(from: Timestamp, to: Timestamp, wall: WallSpan?)] {
        let starts = try recurrence.starts(
            from: first, on: clock, since: now - Limits.reservationLength, until: now + Limits.reservationHorizon)
        if let next = starts.next {
            let days = SchedulingLimits.days(Limits.reservationHorizon)
            throw SchedulingError(
                "the series comes on \(next.date), which is more than \(days) days ahead; let it end before that")
        }
        guard !starts.times.isEmpty else { throw SchedulingError("the series ends before it begins") }
        return starts.times.map { start in
            let end = WallTime(secondsSince1970: start.secondsSince1970 + wallSeconds)
            let (from, to) = (clock.moment(of: start), clock.moment(of: end))
            var wall = clock.span(from: from, to: to)
            // A clock change may skip the intended wall time, which is kept all the same.
            wall?.from = start.secondsSince1970
            wall?.to = end.secondsSince1970
            return (from, to, wall)
        }
    }
}
