/// One line of a calendar, unfolded: `NAME;PARAMETER=value:value` (RFC 5545, section 3.1).
///
/// Accepts what programs write in practice: quotes within quotes, parameters without a value, names with odd
/// characters. An invalid value is left to the code that needs it.
struct ContentLine: Hashable, Sendable {
    /// In upper case.
    var name: String
    /// By name in upper case, the first value of each, without quotes.
    var parameters: [String: String] = [:]
    var value: String
    /// The line of the file on which it begins, from 1.
    var line: Int
    /// It exceeded the maximum line length, so its value was dropped.
    var isTooLong = false

    /// `nil` for a line without a name or a colon: text after an unescaped line break.
    init?(_ text: some StringProtocol, line: Int) {
        var rest = Substring(text).utf8
        let name = rest.prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: ";") }
        rest = rest.dropFirst(name.count)
        // Words separated by spaces are a sentence, not a name.
        guard !name.isEmpty, !name.contains(where: Self.isSpace), !rest.isEmpty else { return nil }
        self.name = Substring(name).uppercased()
        self.line = line
        while rest.first == UInt8(ascii: ";") {
            rest = rest.dropFirst()
            let key = rest.prefix { !";:=".utf8.contains($0) }
            rest = rest.dropFirst(key.count)
            var value = ""
            if rest.first == UInt8(ascii: "=") {
                rest = rest.dropFirst()
                value = Self.parameterValue(&rest)
            }
            let word = Substring(key).uppercased()
            if parameters.count < SchedulingLimits.parameters, parameters[word] == nil { parameters[word] = value }
        }
        guard rest.first == UInt8(ascii: ":") else { return nil }
        value = String(Substring(rest.dropFirst()))
    }

    /// The first value of a list. A quote is closing only if a separator follows it; any other quote is part of the
    /// text.
    private static func parameterValue(_ rest: inout Substring.UTF8View) -> String {
        func isSeparator(_ byte: UInt8) -> Bool { ",;:".utf8.contains(byte) }
        var first: String?
        while true {
            var value: Substring.UTF8View
            if rest.first == UInt8(ascii: "\""), let end = closingQuote(in: rest) {
                value = rest[rest.index(after: rest.startIndex)..<end]
                rest = rest[rest.index(after: end)...]
            } else {
                value = rest.prefix { !isSeparator($0) }
                rest = rest.dropFirst(value.count)
            }
            first = first ?? String(Substring(value))
            guard rest.first == UInt8(ascii: ",") else { return first ?? "" }
            rest = rest.dropFirst()
        }
    }

    private static func closingQuote(in text: Substring.UTF8View) -> Substring.UTF8View.Index? {
        var index = text.index(after: text.startIndex)
        while index < text.endIndex {
            let next = text.index(after: index)
            if text[index] == UInt8(ascii: "\""), next < text.endIndex, ",;:".utf8.contains(text[next]) { return index }
            index = next
        }
        return nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// The value without surrounding white space, for everything but texts.
    var word: Substring { value[...].trimmed }

    /// The parts of a list without surrounding white space; empty ones, as after a trailing separator, are skipped.
    func words(between separator: Character) -> [Substring] {
        value.split(separator: separator).map(\.trimmed).filter { !$0.isEmpty }
    }

    /// A value of type TEXT (section 3.3.11), with its escapes resolved.
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
}

extension ContentLine {
    /// The lines of a file, and the problems in it. Control characters are replaced by spaces, and invalid UTF-8 by
    /// replacement characters.
    ///
    /// - Throws: if the file exceeds a limit.
    static func lines(of bytes: [UInt8]) throws(SchedulingError) -> (lines: [ContentLine], problems: [SchedulingError])
    {
        guard bytes.count <= SchedulingLimits.calendarBytes else {
            throw SchedulingError(
                "the calendar has \(bytes.count) bytes; \(SchedulingLimits.calendarBytes) is the limit")
        }
        var rest = bytes[...]
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        var unfolding = Unfolding()
        var number = 0
        while !rest.isEmpty {
            // Some programs end lines with a carriage return alone.
            let end = rest.firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } ?? rest.endIndex
            let raw = rest[rest.startIndex..<end]
            var next = min(end + 1, rest.endIndex)
            if end < rest.endIndex, rest[end] == UInt8(ascii: "\r"), next < rest.endIndex,
                rest[next] == UInt8(ascii: "\n")
            {
                next += 1
            }
            rest = rest[next...]
            number += 1
            try unfolding.take(raw, number)
        }
        try unfolding.finish()
        return (unfolding.lines, unfolding.problems)
    }

    /// Joins folded lines.
    private struct Unfolding {
        var lines: [ContentLine] = []
        var problems: [SchedulingError] = []
        private var current: [UInt8] = []
        private var begin = 1
        private var isTooLong = false

        mutating func take(_ raw: ArraySlice<UInt8>, _ number: Int) throws(SchedulingError) {
            // A line that begins with a space continues the previous one.
            if let first = raw.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t"), !current.isEmpty {
                add(raw.dropFirst())
            } else {
                try finish()
                begin = number
                add(raw)
            }
        }

        private mutating func add(_ bytes: ArraySlice<UInt8>) {
            guard current.count + bytes.count <= SchedulingLimits.lineBytes else {
                // Keeps enough to know its name.
                if current.isEmpty { current += bytes.prefix(SchedulingLimits.lineBytes).map(Self.visible) }
                isTooLong = true
                return
            }
            current += bytes.map(Self.visible)
        }

        private static func visible(_ byte: UInt8) -> UInt8 {
            byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F ? UInt8(ascii: " ") : byte
        }

        mutating func finish() throws(SchedulingError) {
            defer {
                current.removeAll(keepingCapacity: true)
                isTooLong = false
            }
            guard current.contains(where: { $0 != UInt8(ascii: " ") }) else { return }
            guard lines.count < SchedulingLimits.lines else {
                throw SchedulingError("the calendar has more than \(SchedulingLimits.lines) lines")
            }
            let text = String(decoding: current, as: UTF8.self)
            if var line = ContentLine(text, line: begin) {
                line.isTooLong = isTooLong
                if isTooLong { line.value = "" }
                lines.append(line)
            } else if let last = lines.last, !["BEGIN", "END"].contains(last.name) {
                // The continuation of a text with unescaped line breaks.
                if last.value.utf8.count + text.utf8.count <= SchedulingLimits.lineBytes {
                    lines[lines.count - 1].value += "\n" + text
                }
            } else if problems.count < SchedulingLimits.problems {
                problems.append(SchedulingError("this is no line of a calendar, and was passed over", line: begin))
            }
        }
    }
}

extension Substring {
    var trimmed: Substring {
        var text = self
        while text.last?.isWhitespace == true { text.removeLast() }
        return text.drop(while: \.isWhitespace)
    }
}
