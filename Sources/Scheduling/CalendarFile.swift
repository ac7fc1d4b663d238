import BrokerCore

/// The events of an iCalendar file (RFC 5545), as far as reservations need them. An error in an event concerns only
/// that event; the file is rejected only if the boundaries of its events cannot be determined.
public struct CalendarFile: Hashable, Sendable {
    public private(set) var events: [CalendarEvent] = []
    /// METHOD:CANCEL: everything in the file is cancelled.
    public private(set) var isCancellation = false
    /// Problems in the file that belong to none of its events; at most `SchedulingLimits.problems`.
    public private(set) var problems: [SchedulingError] = []
    /// The time zone of times without one (X-WR-TIMEZONE).
    private(set) var zone: String?
    /// The IANA names that the file gives for its time zones (X-LIC-LOCATION).
    private(set) var locations: [String: String] = [:]

    public init(_ bytes: [UInt8]) throws(SchedulingError) {
        let (lines, problems) = try ContentLine.lines(of: bytes)
        self.problems = problems
        guard let first = lines.first, first.name == "BEGIN", first.word.uppercased() == "VCALENDAR" else {
            throw SchedulingError("the file does not begin with BEGIN:VCALENDAR, so it is no calendar", line: 1)
        }
        var reader = Reader()
        for line in lines { try reader.take(line, into: &self) }
        guard reader.open.isEmpty else {
            throw SchedulingError("the file ends within its \(reader.open.joined(separator: "/")): it was cut off")
        }
    }

    private mutating func add(_ event: CalendarEvent) {
        guard events.count < SchedulingLimits.events else {
            if !hasTooMany {
                hasTooMany = true
                problems.append(
                    SchedulingError(
                        "the calendar has more than \(SchedulingLimits.events) events: this one and those after it were "
                            + "left out; import it in parts", line: event.line))
            }
            return
        }
        events.append(event)
    }

    private var hasTooMany = false

    /// Tracks the nesting of components.
    private struct Reader {
        var open: [String] = []
        var isOver = false
        var event: CalendarEvent?
        var zone: (id: String?, location: String?) = (nil, nil)

        mutating func take(_ line: ContentLine, into file: inout CalendarFile) throws(SchedulingError) {
            guard !isOver else {
                throw SchedulingError("something comes after the end of the calendar", line: line.line)
            }
            switch line.name {
            case "BEGIN": try begin(line, &file)
            case "END": try end(line, &file)
            default: try property(line, &file)
            }
        }

        private mutating func begin(_ line: ContentLine, _ file: inout CalendarFile) throws(SchedulingError) {
            let name = line.word.uppercased()
            guard open.count < SchedulingLimits.nesting else {
                throw SchedulingError(
                    "components are more than \(SchedulingLimits.nesting) deep in each other", line: line.line)
            }
            guard name == "VCALENDAR" ? open.isEmpty : !open.isEmpty else {
                throw SchedulingError("\(name.prefix(40)) begins where it may not", line: line.line)
            }
            open.append(name)
            if open == ["VCALENDAR", "VEVENT"] {
                event = CalendarEvent(line: line.line)
            }
            if open == ["VCALENDAR", "VTIMEZONE"] { zone = (nil, nil) }
        }

        private mutating func end(_ line: ContentLine, _ file: inout CalendarFile) throws(SchedulingError) {
            let name = line.word.uppercased()
            guard open.last == name else {
                throw SchedulingError(
                    "END:\(name.prefix(40)) comes where \(open.last ?? "nothing") is open", line: line.line)
            }
            if open == ["VCALENDAR", "VEVENT"], let event { file.add(event) }
            if open == ["VCALENDAR", "VTIMEZONE"], let id = zone.id { file.locations[id] = zone.location }
            open.removeLast()
            isOver = open.isEmpty
        }

        private mutating func property(_ line: ContentLine, _ file: inout CalendarFile) throws(SchedulingError) {
            switch open {
            case ["VCALENDAR"]: try calendarProperty(line, &file)
            case ["VCALENDAR", "VEVENT"]: event?.take(line)
            case ["VCALENDAR", "VTIMEZONE"]:
                if line.name == "TZID" { zone.id = String(line.word) }
                if line.name == "X-LIC-LOCATION" { zone.location = String(line.word) }
            default: break
            }
        }

        private mutating func calendarProperty(
            _ line: ContentLine, _ file: inout CalendarFile
        ) throws(SchedulingError) {
            switch line.name {
            case "VERSION":
                guard line.word == "2.0" else {
                    throw SchedulingError(
                        "VERSION is \(line.value.prefix(20)); only 2.0 is supported", line: line.line)
                }
            case "CALSCALE":
                guard line.word.uppercased() == "GREGORIAN" else {
                    throw SchedulingError("only the Gregorian calendar is supported", line: line.line)
                }
            case "METHOD":
                let method = line.word.uppercased()
                guard ["PUBLISH", "REQUEST", "CANCEL"].contains(method) else {
                    throw SchedulingError(
                        "METHOD is \(method.prefix(20)); only PUBLISH, REQUEST and CANCEL are supported",
                        line: line.line)
                }
                file.isCancellation = method == "CANCEL"
            case "X-WR-TIMEZONE": file.zone = String(line.word)
            default: break
            }
        }
    }
}
