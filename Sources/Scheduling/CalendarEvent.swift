import BrokerCore

/// A VEVENT, as it stands in the file: an event, all occurrences of a recurring one, or a single one of those that was
/// changed (it has a RECURRENCE-ID).
public struct CalendarEvent: Hashable, Sendable {
    /// Where it begins in the file.
    public internal(set) var line: Int
    public internal(set) var uid = ""
    public internal(set) var sequence = 0
    public internal(set) var summary = ""
    public internal(set) var isCancelled = false
    public internal(set) var categories: Set<String> = []
    /// What an event says of its reservation, by property: `X-CARREL-SEATS` and the like.
    public internal(set) var wishes: [String: String] = [:]

    var start: CalendarTime?
    var end: CalendarTime?
    var span: CalendarSpan?
    var recurrence: Recurrence?
    var recurrenceID: CalendarTime?
    var exceptions: [CalendarTime] = []
    /// What is wrong with it, or not supported: told if the event is wanted.
    var problem: SchedulingError?
    private var seen: Set<String> = []

    init(line: Int) { self.line = line }

    /// The properties that say something of a reservation.
    public static let wishNames = [
        "X-CARREL-LAB", "X-CARREL-SEATS", "X-CARREL-CONTEXT", "X-CARREL-WARM", "X-CARREL-LEAD", "X-CARREL-NO-SHOW",
        "X-CARREL-OVERRUN",
    ]
    /// Those that may stand there once at most (RFC 5545, section 3.6.1), of those that are read.
    private static let single: Set<String> = Set(
        [
            "UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RECURRENCE-ID", "SEQUENCE", "STATUS", "SUMMARY",
        ] + wishNames)

    mutating func take(_ line: ContentLine) throws(SchedulingError) {
        if Self.single.contains(line.name), !seen.insert(line.name).inserted {
            throw SchedulingError("the event has \(line.name) twice", line: line.line)
        }
        do {
            try read(line)
        } catch {
            // An event that nobody wants may be as strange as it likes.
            problem = problem ?? error
        }
    }

    private mutating func read(_ line: ContentLine) throws(SchedulingError) {
        switch line.name {
        case "UID":
            uid = line.text
            guard !uid.isEmpty, uid.utf8.count <= Limits.seriesNameLength, !uid.contains(where: \.isNewline) else {
                throw SchedulingError(
                    "its UID must have 1 to \(Limits.seriesNameLength) bytes", line: line.line)
            }
        case "DTSTART": start = try CalendarTime(line)
        case "DTEND": end = try CalendarTime(line)
        case "DURATION":
            guard let span = CalendarSpan(line.value) else {
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
            guard let number = Int(line.value), (0...Int(Int32.max)).contains(number) else {
                throw SchedulingError("its SEQUENCE is no number", line: line.line)
            }
            sequence = number
        case "STATUS": isCancelled = line.value.uppercased() == "CANCELLED"
        case "SUMMARY": summary = line.text
        case "CATEGORIES": categories.formUnion(Self.list(line))
        case let name where Self.wishNames.contains(name): wishes[name] = line.text
        default: break
        }
    }

    /// Values of type TEXT, between commas that are not escaped.
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
