/// One line of a calendar, unfolded: `NAME;PARAMETER=value:value` (RFC 5545, section 3.1).
struct ContentLine: Hashable, Sendable {
    /// In capitals.
    var name: String
    /// By name in capitals; the values of one without its quotes.
    var parameters: [String: String]
    var value: String
    /// Where it begins in the file, from 1.
    var line: Int

    init(_ text: some StringProtocol, line: Int) throws(SchedulingError) {
        func wrong(_ what: String) -> SchedulingError { SchedulingError(what, line: line) }
        var rest = Substring(text).utf8
        func take(while isWanted: (UInt8) -> Bool) -> Substring {
            let part = rest.prefix(while: isWanted)
            rest = rest.dropFirst(part.count)
            return Substring(part)
        }
        let name = take(while: Self.isName)
        guard !name.isEmpty else { throw wrong("this is no line of a calendar: it has no name") }
        self.name = name.uppercased()
        self.line = line
        parameters = [:]
        while rest.first == UInt8(ascii: ";") {
            rest = rest.dropFirst()
            let key = take(while: Self.isName).uppercased()
            guard !key.isEmpty, rest.first == UInt8(ascii: "=") else {
                throw wrong("a parameter of \(self.name) is not NAME=value")
            }
            rest = rest.dropFirst()
            var value = ""
            if rest.first == UInt8(ascii: "\"") {
                rest = rest.dropFirst()
                value = String(take { $0 != UInt8(ascii: "\"") })
                guard rest.first == UInt8(ascii: "\"") else { throw wrong("a quote in \(self.name) is not closed") }
                rest = rest.dropFirst()
                // Of a list of values the first is enough; the others must be well formed.
                while rest.first == UInt8(ascii: ",") {
                    rest = rest.dropFirst()
                    if rest.first == UInt8(ascii: "\"") {
                        rest = rest.dropFirst()
                        _ = take { $0 != UInt8(ascii: "\"") }
                        guard rest.first == UInt8(ascii: "\"") else {
                            throw wrong("a quote in \(self.name) is not closed")
                        }
                        rest = rest.dropFirst()
                    } else {
                        _ = take(while: Self.isPlain)
                    }
                }
            } else {
                value = String(take { Self.isPlain($0) || $0 == UInt8(ascii: ",") })
            }
            guard parameters.updateValue(value, forKey: key) == nil else {
                throw wrong("\(self.name) has the parameter \(key) twice")
            }
            guard parameters.count <= SchedulingLimits.parameters else {
                throw wrong("\(self.name) has more than \(SchedulingLimits.parameters) parameters")
            }
        }
        guard rest.first == UInt8(ascii: ":") else { throw wrong("\(self.name) has no value after a colon") }
        value = String(Substring(rest.dropFirst()))
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// SAFE-CHAR.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte != UInt8(ascii: "\"") && byte != UInt8(ascii: ";") && byte != UInt8(ascii: ":")
            && byte != UInt8(ascii: ",")
    }

    /// A value of type TEXT (section 3.3.11): its escapes undone.
    var text: String {
        var text = ""
        var isEscaped = false
        for character in value.unicodeScalars {
            if isEscaped {
                text.unicodeScalars.append(character == "n" || character == "N" ? "\n" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                text.unicodeScalars.append(character)
            }
        }
        return text
    }

    /// The lines of a file. What is no UTF-8, has control characters, or is beyond a limit is refused.
    static func lines(of bytes: [UInt8]) throws(SchedulingError) -> [ContentLine] {
        guard bytes.count <= SchedulingLimits.calendarBytes else {
            throw SchedulingError(
                "the calendar has \(bytes.count) bytes; \(SchedulingLimits.calendarBytes) is the limit")
        }
        var rest = bytes[...]
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        var lines: [ContentLine] = []
        var current: [UInt8] = []
        var begin = 1
        var number = 0
        func finish() throws(SchedulingError) {
            guard !current.isEmpty else { return }
            guard let text = String(validating: current, as: UTF8.self) else {
                throw SchedulingError("this is no UTF-8", line: begin)
            }
            guard lines.count < SchedulingLimits.lines else {
                throw SchedulingError("the calendar has more than \(SchedulingLimits.lines) lines")
            }
            lines.append(try ContentLine(text, line: begin))
            current.removeAll(keepingCapacity: true)
        }
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            var raw = rest[rest.startIndex..<end]
            rest = rest[min(end + 1, rest.endIndex)...]
            number += 1
            if raw.last == UInt8(ascii: "\r") { raw = raw.dropLast() }
            if let bad = raw.first(where: { $0 < 0x20 && $0 != UInt8(ascii: "\t") || $0 == 0x7F }) {
                throw SchedulingError("there is a control character (\(bad)) in it", line: number)
            }
            // A line that begins with a space goes on with the one before.
            if let first = raw.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t"), !current.isEmpty {
                current += raw.dropFirst()
            } else {
                try finish()
                begin = number
                current += raw
            }
            guard current.count <= SchedulingLimits.lineBytes else {
                throw SchedulingError("a line has more than \(SchedulingLimits.lineBytes) bytes", line: begin)
            }
        }
        try finish()
        return lines
    }
}
