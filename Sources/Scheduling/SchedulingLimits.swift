/// The named limits of calendars and recurrences.
public enum SchedulingLimits {
    /// Bytes of a calendar file.
    public static let calendarBytes = 4 << 20
    /// Bytes of one of its lines after unfolding: descriptions and attachments are long.
    public static let lineBytes = 256 << 10
    /// Lines after unfolding.
    public static let lines = 200_000
    /// Nesting of components: a calendar contains an event, which contains an alarm.
    public static let nesting = 8
    /// Parameters of one property.
    public static let parameters = 32
    /// Events of a calendar.
    public static let events = 1000
    /// Excluded dates of one event (EXDATE).
    public static let exceptions = 1000
    /// Days that are examined for a recurrence: a daily one that began 135 years ago.
    public static let recurrenceDays = 50_000
    /// Occurrences of one event or series.
    public static let occurrences = 500
    /// The maximum of INTERVAL and of COUNT.
    public static let recurrenceNumber = 10_000
    /// Problems of a calendar that are reported at once.
    public static let problems = 100
    /// Bytes of a time zone file; the longest real ones have 4 KB.
    public static let zoneBytes = 64 << 10
    /// Bytes of a line in a written calendar, without the line end (RFC 5545, section 3.1).
    static let foldedLineBytes = 75

    /// A limit in whole days, for messages.
    static func days(_ limit: Duration) -> Int64 { limit.components.seconds / 86_400 }
}
