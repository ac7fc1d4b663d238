import BrokerCore

/// The times of a series: each begins and ends as the first one does by the clocks on the wall.
public struct Series: Hashable, Sendable {
    public var first: WallTime
    /// How far the clocks on the wall go on until its end.
    public var wallSeconds: Int64
    public var recurrence: Recurrence

    public init(from: Timestamp, to: Timestamp, on clock: WallClock, recurrence: Recurrence) {
        first = clock.wallTime(at: from)
        wallSeconds = clock.wallTime(at: to).secondsSince1970 - first.secondsSince1970
        self.recurrence = recurrence
    }

    /// - Throws: `SchedulingError` where there are too many of them, or none, or one that is too far ahead.
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
            // The clocks may never show what is meant, where they are put forward.
            wall?.from = start.secondsSince1970
            wall?.to = end.secondsSince1970
            return (from, to, wall)
        }
    }
}
