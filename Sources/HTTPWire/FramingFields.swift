/// What the header fields say about the message itself, gathered while they are read.
///
/// Wherever two readers could take a message to end at different places, it is refused (RFC 9112, sections 6 and 11.2).
struct FramingFields: Sendable {
    var hostCount = 0
    private(set) var contentLength: Int64?
    private(set) var hasTransferEncoding = false
    private(set) var connectionClose = false
    private(set) var connectionKeepAlive = false
    private(set) var expectsContinue = false
    private(set) var hasUnknownExpectation = false
    private var chunkedCount = 0
    private var endsWithChunked = false
    private var hasRegisteredCoding = false
    private var hasUnknownCoding = false
    private var hasEmptyCoding = false

    mutating func note(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) throws(HTTPParseError) {
        switch name.count {
        case 4 where name.equalsIgnoringCase("host"):
            hostCount += 1
        case 6 where name.equalsIgnoringCase("expect"):
            if value.equalsIgnoringCase("100-continue") { expectsContinue = true } else { hasUnknownExpectation = true }
        case 10 where name.equalsIgnoringCase("connection"):
            value.forEachListElement { element in
                if element.equalsIgnoringCase("close") { connectionClose = true }
                if element.equalsIgnoringCase("keep-alive") { connectionKeepAlive = true }
            }
        case 14 where name.hasHeaderPrefix("content-length"):
            // CGI and what descends from it takes one for the other.
            if name[7] == Byte.underscore { throw .ambiguousFieldName }
            if contentLength != nil { throw .duplicateContentLength }
            guard let length = value.decimal() else { throw .invalidContentLength }
            contentLength = length
        case 17 where name.hasHeaderPrefix("transfer-encoding"):
            if name[8] == Byte.underscore { throw .ambiguousFieldName }
            hasTransferEncoding = true
            noteCodings(value)
        default:
            break
        }
    }

    private mutating func noteCodings(_ value: UnsafeRawBufferPointer) {
        var elements = 0
        value.forEachListElement { coding in
            elements += 1
            endsWithChunked = coding.equalsIgnoringCase("chunked")
            if endsWithChunked {
                chunkedCount += 1
            } else if coding.equalsIgnoringCase("gzip") || coding.equalsIgnoringCase("x-gzip")
                || coding.equalsIgnoringCase("deflate") || coding.equalsIgnoringCase("compress")
                || coding.equalsIgnoringCase("x-compress")
            {
                hasRegisteredCoding = true
            } else {
                hasUnknownCoding = true
            }
        }
        if elements != value.reduce(1, { $1 == Byte.comma ? $0 + 1 : $0 }) { hasEmptyCoding = true }
    }

    /// The framing that the fields give: `nil` when they give none.
    func framing(version: HTTPVersion) throws(HTTPParseError) -> BodyFraming? {
        guard hasTransferEncoding else { return contentLength.map { .length($0) } }
        if version == .http10 { throw .transferEncodingInOldVersion }
        if contentLength != nil { throw .contentLengthWithTransferEncoding }
        if hasEmptyCoding { throw .transferEncodingNotChunked }
        if hasUnknownCoding { throw .unknownTransferCoding }
        if chunkedCount != 1 || !endsWithChunked { throw .transferEncodingNotChunked }
        if hasRegisteredCoding { throw .unknownTransferCoding }
        return .chunked
    }

    /// Whether the connection may carry another message after this one (RFC 9112, section 9.3).
    func keepsAlive(version: HTTPVersion) -> Bool {
        !connectionClose && (version == .http11 || connectionKeepAlive)
    }
}

/// Reads a header block line by line into `HeaderFields`.
struct HeaderBlockReader: Sendable {
    private(set) var framing = FramingFields()
    private var lines = LineReader()
    private var bytes = 0

    /// Makes ready for the next message; keeps the storage.
    mutating func reset() {
        framing = FramingFields()
        bytes = 0
    }

    /// Reads lines until the empty one.
    ///
    /// - Returns: whether the block has ended; otherwise all input was taken.
    mutating func next(
        in input: UnsafeRawBufferPointer, at position: inout Int, limits: HTTPLimits, into fields: inout HeaderFields
    ) throws(HTTPParseError) -> Bool {
        while true {
            var ended = false
            let outcome = try lines.next(in: input, at: &position, limit: limits.headerBlockBytes - bytes - 1) {
                (line) throws(HTTPParseError) in
                switch try FieldLine.parse(line, isFirst: fields.isEmpty) {
                case .end:
                    ended = true
                case .field(let name, let value):
                    if fields.count == limits.fieldCount { throw .tooManyFields }
                    try framing.note(name: line.part(name), value: line.part(value))
                    fields.add(line: line, name: name, value: value)
                }
            }
            switch outcome {
            case .needMore: return false
            case .tooLong: throw .headerBlockTooLarge
            case .line(let count): bytes += count
            }
            if ended { return true }
        }
    }
}
