import BrokerCore
import Identity

/// The default terms of a calendar's reservations, for what an event does not set itself.
public struct CalendarTerms: Hashable, Sendable {
    public var portal: PortalID
    public var lab: String?
    public var seats: Int?
    public var context: String?
    public var roster: Set<String> = []
    public var warmPercent: Int
    public var lead: Duration
    public var noShowAfter: Duration
    public var overrun: Duration

    public init(
        portal: PortalID, lab: String?, seats: Int?, context: String?, roster: Set<String> = [], warmPercent: Int = 100,
        lead: Duration = .seconds(1800), noShowAfter: Duration = .seconds(1800), overrun: Duration = .zero
    ) {
        self.portal = portal
        self.lab = lab
        self.seats = seats
        self.context = context
        self.roster = roster
        self.warmPercent = warmPercent
        self.lead = lead
        self.noShowAfter = noShowAfter
        self.overrun = overrun
    }

    /// The terms of one occurrence: its event's `X-CARREL-…` properties take precedence over the defaults.
    public func terms(of occurrence: CalendarOccurrence) throws(SchedulingError) -> ReservationTerms {
        let wishes = occurrence.wishes
        func wrong(_ name: String, _ like: String) -> SchedulingError {
            SchedulingError(
                "its \(name) is \"\(wishes[name, default: ""].prefix(40))\"; it must be like \(like)",
                line: occurrence.line)
        }
        func number(_ name: String, _ range: ClosedRange<Int>) throws(SchedulingError) -> Int? {
            guard let text = wishes[name] else { return nil }
            guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let number = Int(text), range.contains(number)
            else { throw wrong(name, "\(range.lowerBound) to \(range.upperBound)") }
            return number
        }
        func span(_ name: String) throws(SchedulingError) -> Duration? {
            guard let text = wishes[name] else { return nil }
            guard let span = CalendarSpan(text) else { throw wrong(name, "PT30M") }
            return span.duration
        }
        guard let lab = wishes["X-CARREL-LAB"] ?? lab else {
            throw SchedulingError("it names no lab: give --lab, or X-CARREL-LAB in the event", line: occurrence.line)
        }
        guard let seats = try number("X-CARREL-SEATS", 1...Limits.reservationSeats) ?? seats else {
            throw SchedulingError(
                "it names no number of seats: give --seats, or X-CARREL-SEATS in the event", line: occurrence.line)
        }
        let context = wishes["X-CARREL-CONTEXT"] ?? context
        guard context != nil || !roster.isEmpty else {
            throw SchedulingError(
                "it says not for whom: give --context, --learner or --roster, or X-CARREL-CONTEXT in the event",
                line: occurrence.line)
        }
        return ReservationTerms(
            lab: LabKey(portal: portal, name: lab), seats: seats, from: occurrence.from, to: occurrence.to,
            warmPercent: try number("X-CARREL-WARM", 0...100) ?? warmPercent, lead: try span("X-CARREL-LEAD") ?? lead,
            noShowAfter: try span("X-CARREL-NO-SHOW") ?? noShowAfter,
            overrun: try span("X-CARREL-OVERRUN") ?? overrun, context: context, roster: roster,
            wall: occurrence.wall)
    }
}
