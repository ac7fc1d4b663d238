/// Splits input that arrives in pieces into lines. A line that is complete within one piece is not copied.
struct LineReader: Sendable {
    enum Outcome {
        case needMore
        case tooLong
        /// The line was passed on. It has this many bytes, including its line ending.
        case line(Int)
    }

    private var partial: [UInt8] = []

    /// Passes the next line to `parse`, without the line feed but with everything before it.
    ///
    /// - Parameter limit: the maximum number of bytes before the line feed. The result does not depend on how the input
    ///   is split: a line over the limit is reported as soon as that is certain.
    @inline(__always) mutating func next(
        in input: UnsafeRawBufferPointer, at position: inout Int, limit: Int,
        parse: (UnsafeRawBufferPointer) throws(HTTPParseError) -> Void
    ) throws(HTTPParseError) -> Outcome {
        let start = position
        guard let end = input.firstIndex(of: Byte.lineFeed, from: start, before: input.count) else {
            if partial.count + (input.count - start) > limit { return .tooLong }
            partial.append(contentsOf: input.part(start..<input.count))
            position = input.count
            return .needMore
        }
        let count = partial.count + (end - start)
        if count > limit { return .tooLong }
        position = end + 1
        if partial.isEmpty {
            try parse(input.part(start..<end))
        } else {
            partial.append(contentsOf: input.part(start..<end))
            var line: [UInt8] = []
            swap(&line, &partial)
            try line.withUnsafeBufferPointer { (bytes) throws(HTTPParseError) in
                try parse(UnsafeRawBufferPointer(bytes))
            }
            line.removeAll(keepingCapacity: true)
            swap(&line, &partial)
        }
        return .line(count + 1)
    }

    /// Whether no byte of a line is buffered.
    var isAtLineStart: Bool { partial.isEmpty }

    /// Removes and returns the buffered start of an incomplete line, of which nothing more needs to be buffered.
    mutating func takePartial() -> [UInt8] {
        defer { partial.removeAll(keepingCapacity: true) }
        return partial
    }

    /// Buffers all input as the beginning of a line, regardless of the limit.
    mutating func hold(_ input: UnsafeRawBufferPointer, at position: inout Int) {
        partial.append(contentsOf: input.part(position..<input.count))
        position = input.count
    }

    /// Whether a line that has not been passed on begins with a lower-case word, ignoring case; `nil` if too few bytes
    /// have arrived.
    func begins(with word: StaticString, before input: UnsafeRawBufferPointer) -> Bool? {
        let count = word.utf8CodeUnitCount
        for index in 0..<count {
            let byte: UInt8
            if index < partial.count {
                byte = partial[index]
            } else if index - partial.count < input.count {
                byte = input[index - partial.count]
            } else {
                return nil
            }
            if Byte.lowercased(byte) != word.utf8Start[index] { return false }
        }
        return true
    }
}

/// How strictly the lines of a head are parsed.
struct HeadStyle: Sendable {
    /// Whether the head is a response's. Unambiguous violations of the grammar are then repaired.
    var isResponse = false
    /// Whether the first line ended with a bare LF, so that all others must too: a head that mixes line endings is
    /// ambiguous.
    var endsWithLineFeed = false
}

/// One header or trailer line, validated (RFC 9112, section 5).
enum FieldLine {
    case end
    case field(name: Range<Int>, value: Range<Int>)

    /// - Parameter line: the bytes before the line feed.
    static func parse(
        _ line: UnsafeRawBufferPointer, isFirst: Bool, style: HeadStyle = HeadStyle()
    ) throws(HTTPParseError) -> FieldLine {
        let hasCarriageReturn = line.last == Byte.carriageReturn
        if hasCarriageReturn == style.endsWithLineFeed { throw .bareLineFeed }
        let end = hasCarriageReturn ? line.count - 1 : line.count
        if end == 0 { return .end }
        if Byte.isWhitespace(line[0]) { throw isFirst ? .whitespaceBeforeFirstField : .foldedField }
        var colon = 0
        while colon < end, Byte.isToken(line[colon]) { colon += 1 }
        let nameEnd = colon
        guard colon < end else { throw .invalidFieldName }
        if line[colon] != Byte.colon {
            if line[colon] == Byte.carriageReturn { throw .bareCarriageReturn }
            while colon < end, Byte.isWhitespace(line[colon]) { colon += 1 }
            guard colon > nameEnd, colon < end, line[colon] == Byte.colon else { throw .invalidFieldName }
            // An intermediary must remove this whitespace from a response (RFC 9112, section 5.1).
            if !style.isResponse { throw .whitespaceBeforeColon }
        }
        guard nameEnd > 0 else { throw .invalidFieldName }
        var start = colon + 1
        while start < end, Byte.isWhitespace(line[start]) { start += 1 }
        var valueEnd = end
        while valueEnd > start, Byte.isWhitespace(line[valueEnd - 1]) { valueEnd -= 1 }
        if let index = line.firstForbidden(from: start, before: valueEnd) {
            throw line[index] == Byte.carriageReturn ? .bareCarriageReturn : .invalidFieldValue
        }
        return .field(name: 0..<nameEnd, value: start..<valueEnd)
    }
}
