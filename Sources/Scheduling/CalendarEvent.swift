import BrokerCore

/// A VEVENT as it stands in the file: a single event, all occurrences of a recurring one, or one changed occurrence
/// (with a RECURRENCE-ID).
public struct CalendarEvent: Hashable, Sendable {
    /// The line of the file on which it begins.
    public internal(set) var line: Int
    public internal(set) var uid = ""
    public internal(set) var sequence = 0
    /// LAST-MODIFIED and DTSTAMP.
    var modified: Timestamp?
    var stamped: Timestamp?
    public internal(set) var summary = ""
    public internal(set) var isCancelled = false
    public internal(set) var categories: Set<String> = []
    /// The event's reservation terms by property: `X-CARREL-SEATS` and the like.
    public internal(set) var wishes: [String: String] = [:]

    var start: CalendarTime?
    var end: CalendarTime?
    var span: CalendarSpan?
    var recurrence: Recurrence?
    var recurrenceID: CalendarTime?
    var exceptions: [CalendarTime] = []
    /// What is invalid or unsupported in the event; reported only if the event is wanted.
    var problem: SchedulingError?
    private var seen: Set<String> = []

    init(line: Int) { self.line = line }

    /// The properties that set terms of a reservation.
    public static let wishNames = [
        "X-CARREL-LAB", "X-CARREL-SEATS", "X-CARREL-CONTEXT", "X-CARREL-WARM", "X-CARREL-LEAD", "X-CARREL-NO-SHOW",
        "X-CARREL-OVERRUN",
    ]
    /// Of the properties that are read, those that may occur at most once (RFC 5545, section 3.6.1).
    private static let single: Set<String> = Set(
        [
            "UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RECURRENCE-ID", "SEQUENCE", "STATUS", "SUMMARY",
            "DTSTAMP", "LAST-MODIFIED",
        ] + wishNames)

    /// Whether both events are the same apart from their line, stamps and sequence.
    func says(theSameAs other: CalendarEvent) -> Bool {
        var other = other
        (other.line, other.stamped, other.modified, other.sequence) = (line, stamped, modified, sequence)
        return self == other
    }

    public var revision: EventRevision { EventRevision(sequence: sequence, stamp: modified ?? stamped) }

    /// Errors are stored rather than thrown, because an event that is not wanted may contain anything.
    mutating func take(_ line: ContentLine) {
        do {
            try read(line)
        } catch {
            problem = problem ?? error
        }
    }

    private mutating func read(_ line: ContentLine) throws(SchedulingError) {
        if Self.single.contains(line.name) {
            guard seen.insert(line.name).inserted else {
                throw SchedulingError("the event has \(line.name) twice", line: line.line)
            }
            guard !line.isTooLong else {
                throw SchedulingError(
                    "its \(line.name) has more than \(SchedulingLimits.lineBytes) bytes", line: line.line)
            }
        }
        switch line.name {
        case "UID":
            uid = String(line.text.prefix { !$0.isNewline })
            guard !uid.isEmpty, uid.utf8.count <= Limits.seriesNameLength else {
                throw SchedulingError(
                    "its UID must have 1 to \(Limits.seriesNameLength) bytes", line: line.line)
            }
        case "DTSTART": start = try CalendarTime(line)
        case "DTEND": end = try CalendarTime(line)
        case "DURATION":
            guard let span = CalendarSpan(line.word) else {
                throw SchedulingError(
                    "its DURATION is \"\(line.value.prefix(40))\"; one is like PT1H30M", line: line.line)
            }
            self.span = span
        case "RRULE": recurrence = try Recurrence(rule: line)
        case "RECURRENCE-ID":
            guard line.parameters["RANGE"] == nil else {
                throw SchedulingError("its RECURRENCE-ID has a RANGE, which is not supported", line: line.line)
            }
            recurrenceID = try CalendarTime(line)
        case "EXDATE":
            exceptions += try CalendarTime.list(line)
            guard exceptions.count <= SchedulingLimits.exceptions else {
                throw SchedulingError(
                    "it leaves out more than \(SchedulingLimits.exceptions) dates", line: line.line)
            }
        case "RDATE", "EXRULE":
            throw SchedulingError("it has an \(line.name), which is not supported", line: line.line)
        case "SEQUENCE":
            guard let number = Int(line.word), (0...Int(Int32.max)).contains(number) else {
                throw SchedulingError("its SEQUENCE is no number", line: line.line)
            }
            sequence = number
        case "STATUS": isCancelled = line.word.uppercased() == "CANCELLED"
        // The stamps only help to tell which of two versions is newer, and the importing user can be asked instead, so
        // an invalid one is ignored.
        case "DTSTAMP": stamped = CalendarTime.moment(line)
        case "LAST-MODIFIED": modified = CalendarTime.moment(line)
        case "SUMMARY": summary = line.text
        case "CATEGORIES": categories.formUnion(Self.list(line))
        case let name where Self.wishNames.contains(name): wishes[name] = line.text
        default: break
        }
    }

    /// Values of type TEXT, separated by unescaped commas.
    private static func list(_ line: ContentLine) -> [String] {
        var values: [String] = []
        var current = line
        current.value = ""
        var isEscaped = false
        for character in line.value {
            if character == ",", !isEscaped {
                values.append(current.text)
                current.value = ""
            } else {
                current.value.append(character)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        return values + [current.text]
    }
}
