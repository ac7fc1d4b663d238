import BrokerCore

/// Writes an iCalendar file (RFC 5545): lines end with CR LF and are folded at 75 bytes, and texts are escaped.
public struct CalendarWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    /// Begins a calendar.
    ///
    /// - Parameters:
    ///   - name: the calendar's name in calendar programs.
    ///   - refresh: how often a program should fetch it again (RFC 7986, section 5.7).
    public init(name: String, refresh: Duration) {
        line("BEGIN", "VCALENDAR")
        line("VERSION", "2.0")
        line("PRODID", "-//Carrel//Reservations//EN")
        line("CALSCALE", "GREGORIAN")
        line("METHOD", "PUBLISH")
        text("NAME", name)
        text("X-WR-CALNAME", name)
        let span = Self.span(refresh)
        line("REFRESH-INTERVAL;VALUE=DURATION", span)
        line("X-PUBLISHED-TTL", span)
    }

    public mutating func begin(_ component: String) { line("BEGIN", component) }
    public mutating func end(_ component: String) { line("END", component) }

    /// A property of type TEXT.
    public mutating func text(_ name: String, _ value: String) {
        var escaped = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\", ";", ",":
                escaped += "\\"
                escaped.unicodeScalars.append(scalar)
            case "\n": escaped += "\\n"
            case let control where control.value < 0x20 || control.value == 0x7F: continue
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        line(name, escaped)
    }

    /// A property whose value needs no escaping: one of our words or numbers.
    public mutating func word(_ name: String, _ value: String) { line(name, value) }

    /// A time in Coordinated Universal Time, to the second.
    public mutating func moment(_ name: String, _ moment: Timestamp) {
        let wall = WallClock.utc.wallTime(at: moment)
        let date = String(wall.date.description.filter { $0 != "-" })
        let time = [wall.second / 3600, wall.second / 60 % 60, wall.second % 60].map(WallTime.two).joined()
        line(name, "\(date)T\(time)Z")
    }

    public mutating func span(_ name: String, _ duration: Duration) { line(name, Self.span(duration)) }

    /// Ends the calendar.
    public mutating func finish() { line("END", "VCALENDAR") }

    private static func span(_ duration: Duration) -> String { "PT\(duration.components.seconds)S" }

    private mutating func line(_ name: String, _ value: String) {
        var width = 0
        // Folds between characters, never within one.
        for character in "\(name):\(value)".unicodeScalars {
            let length = UTF8.width(character)
            if width + length > SchedulingLimits.foldedLineBytes {
                bytes += Array("\r\n ".utf8)
                width = 1
            }
            bytes += Array(String(character).utf8)
            width += length
        }
        bytes += Array("\r\n".utf8)
    }
}
