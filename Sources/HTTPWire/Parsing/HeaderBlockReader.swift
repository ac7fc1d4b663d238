/// Reads a header block line by line into `HeaderFields`.
///
/// A browser sends every cookie that it has for a hostname, without knowing the server's limit. If cookies push a
/// request's header block over its limit, they are skipped and only their names are kept, so that the server can make
/// the browser delete them; otherwise every request would be rejected until the cookies expire.
struct HeaderBlockReader: Sendable {
    private(set) var framing = FramingFields()
    /// Whether a malformed field was repaired.
    private(set) var isRepaired = false
    /// The cookies that were skipped.
    private(set) var surplus: SurplusCookies?
    private var style = HeadStyle()
    private var lines = LineReader()
    private var bytes = 0
    /// Whether the reader is within a line of cookies that it skips.
    private var isReadingOver = false

    private static let cookieLine: StaticString = "cookie:"

    /// Resets the reader for the next message; keeps the storage.
    mutating func reset(_ style: HeadStyle = HeadStyle()) {
        self.style = style
        framing = FramingFields()
        framing.isResponse = style.isResponse
        isRepaired = style.endsWithLineFeed
        surplus = nil
        bytes = 0
    }

    /// Reads lines until the empty one.
    ///
    /// - Returns: whether the block has ended; if not, all input was consumed.
    mutating func next(
        in input: UnsafeRawBufferPointer, at position: inout Int, limits: HTTPLimits, into fields: inout HeaderFields
    ) throws(HTTPParseError) -> Bool {
        let fieldCount = style.isResponse ? limits.responseFieldCount : limits.fieldCount
        while true {
            if isReadingOver {
                guard try readOver(in: input, at: &position, limits: limits) else { return false }
            }
            var ended = false
            let outcome = try lines.next(in: input, at: &position, limit: limits.headerBlockBytes - bytes - 1) {
                (line) throws(HTTPParseError) in
                switch try FieldLine.parse(line, isFirst: fields.isEmpty && surplus == nil, style: style) {
                case .end:
                    ended = true
                case .field(let name, let value):
                    if fields.count == fieldCount { throw .tooManyFields }
                    if line[name.upperBound] != Byte.colon {
                        try Self.checkRepair(of: line.part(name))
                        isRepaired = true
                    }
                    try framing.note(name: line.part(name), value: line.part(value))
                    fields.add(line: line, name: name, value: value)
                }
            }
            switch outcome {
            case .needMore: return false
            case .tooLong:
                guard try makeRoom(before: input, at: &position, in: &fields) else { return false }
            case .line(let count): bytes += count
            }
            if ended { return true }
        }
    }

    /// Checks a name with trailing whitespace. Parsers that do not strip the whitespace do not recognise the field, so
    /// it must not be one that frames the message.
    private static func checkRepair(of name: UnsafeRawBufferPointer) throws(HTTPParseError) {
        if name.hasHeaderPrefix("content-length") || name.hasHeaderPrefix("transfer-encoding") {
            throw .whitespaceBeforeColon
        }
    }

    // MARK: Too many cookies

    /// Makes room for the next line, which exceeds what is left of the limit.
    ///
    /// - Returns: whether there is room now; if not, all input was consumed and the kind of the line is not known yet.
    private mutating func makeRoom(
        before input: UnsafeRawBufferPointer, at position: inout Int, in fields: inout HeaderFields
    ) throws(HTTPParseError) -> Bool {
        if style.isResponse { throw .headerBlockTooLarge }
        if fields.contains("Cookie") {
            var names = surplus ?? SurplusCookies()
            var freed = 0
            fields.removeAll { name, value in
                guard name.equalsIgnoringCase("cookie") else { return false }
                names.add(value)
                // The minimum size of its line: name, colon, value and line ending.
                freed += name.count + value.count + 3
                return true
            }
            surplus = names
            bytes -= freed
            return true
        }
        switch lines.begins(with: Self.cookieLine, before: input.part(position..<input.count)) {
        case nil:
            lines.hold(input, at: &position)
            return false
        case false?:
            throw .headerBlockTooLarge
        case true?:
            isReadingOver = true
            if surplus == nil { surplus = SurplusCookies() }
            let partial = lines.takePartial()
            let rest = Self.cookieLine.utf8CodeUnitCount - partial.count
            if rest > 0 { position += rest }
            for byte in partial.dropFirst(Self.cookieLine.utf8CodeUnitCount) { _ = try surplus?.read(byte) }
            return true
        }
    }

    /// - Returns: whether the line has ended.
    private mutating func readOver(
        in input: UnsafeRawBufferPointer, at position: inout Int, limits: HTTPLimits
    ) throws(HTTPParseError) -> Bool {
        guard var cookies = surplus else { return true }
        defer { surplus = cookies }
        surplus = nil
        while position < input.count {
            let isEnd = try cookies.read(input[position])
            position += 1
            if cookies.byteCount > limits.surplusCookieBytes { throw .headerBlockTooLarge }
            if isEnd {
                isReadingOver = false
                return true
            }
        }
        return false
    }
}
