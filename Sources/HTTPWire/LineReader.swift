/// Cuts lines out of input that arrives in pieces. A line that lies whole in one piece is not copied.
struct LineReader: Sendable {
    enum Outcome {
        case needMore
        case tooLong
        /// The line was handed out; so many bytes it had, its line end included.
        case line(Int)
    }

    private var partial: [UInt8] = []

    /// Hands the next line to `parse`, without the line feed but with what stands before it.
    ///
    /// - Parameter limit: the greatest number of bytes before the line feed. The answer does not depend on how the input
    ///   is cut: a line over the limit is too long as soon as that is certain.
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

    /// Nothing of a line has been taken yet.
    var isAtLineStart: Bool { partial.isEmpty }
}

/// One header or trailer line, checked (RFC 9112, section 5).
enum FieldLine {
    case end
    case field(name: Range<Int>, value: Range<Int>)

    /// - Parameter line: the bytes before the line feed.
    static func parse(_ line: UnsafeRawBufferPointer, isFirst: Bool) throws(HTTPParseError) -> FieldLine {
        guard let last = line.last, last == Byte.carriageReturn else { throw .bareLineFeed }
        let end = line.count - 1
        if end == 0 { return .end }
        if Byte.isWhitespace(line[0]) { throw isFirst ? .whitespaceBeforeFirstField : .foldedField }
        var colon = 0
        while colon < end, Byte.isToken(line[colon]) { colon += 1 }
        guard colon < end else { throw .invalidFieldName }
        if line[colon] != Byte.colon {
            if line[colon] == Byte.carriageReturn { throw .bareCarriageReturn }
            var next = colon
            while next < end, Byte.isWhitespace(line[next]) { next += 1 }
            throw next > colon && next < end && line[next] == Byte.colon ? .whitespaceBeforeColon : .invalidFieldName
        }
        guard colon > 0 else { throw .invalidFieldName }
        var start = colon + 1
        while start < end, Byte.isWhitespace(line[start]) { start += 1 }
        var valueEnd = end
        while valueEnd > start, Byte.isWhitespace(line[valueEnd - 1]) { valueEnd -= 1 }
        if let index = line.firstForbidden(from: start, before: valueEnd) {
            throw line[index] == Byte.carriageReturn ? .bareCarriageReturn : .invalidFieldValue
        }
        return .field(name: 0..<colon, value: start..<valueEnd)
    }
}
