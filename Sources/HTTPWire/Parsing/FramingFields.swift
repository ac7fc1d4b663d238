/// What the header fields say about the message's framing, collected while they are parsed.
///
/// If two parsers could disagree on where a message ends, it is rejected (RFC 9112, sections 6 and 11.2). A response
/// that merely repeats its length or coding is repaired instead: we frame it anew for the client, and do not reuse the
/// upstream's connection.
struct FramingFields: Sendable {
    var isResponse = false
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
    private(set) var hasRepeatedLength = false

    /// Whether a repeated length or coding was reduced to one.
    var isRepaired: Bool { isResponse && (hasRepeatedLength || chunkedCount > 1) }

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
            // CGI and its descendants treat an underscore as a hyphen.
            if name[7] == Byte.underscore { throw .ambiguousFieldName }
            guard let length = value.decimal() ?? (isResponse ? repeatedLength(value) : nil) else {
                throw .invalidContentLength
            }
            if let contentLength {
                guard isResponse, contentLength == length else { throw .duplicateContentLength }
                hasRepeatedLength = true
            }
            contentLength = length
        case 17 where name.hasHeaderPrefix("transfer-encoding"):
            if name[8] == Byte.underscore { throw .ambiguousFieldName }
            hasTransferEncoding = true
            noteCodings(value)
        default:
            break
        }
    }

    /// The number in a list that repeats the same number (RFC 9110, section 8.6).
    private mutating func repeatedLength(_ value: UnsafeRawBufferPointer) -> Int64? {
        var length: Int64?
        for part in value.split(separator: Byte.comma, omittingEmptySubsequences: false) {
            guard let number = UnsafeRawBufferPointer(rebasing: part).trimmed().decimal() else { return nil }
            if let length, length != number { return nil }
            length = number
        }
        hasRepeatedLength = true
        return length
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

    /// The framing that the fields define; `nil` if they define none.
    func framing(version: HTTPVersion) throws(HTTPParseError) -> BodyFraming? {
        guard hasTransferEncoding else { return contentLength.map { .length($0) } }
        if version == .http10 { throw .transferEncodingInOldVersion }
        if contentLength != nil { throw .contentLengthWithTransferEncoding }
        if hasEmptyCoding { throw .transferEncodingNotChunked }
        if hasUnknownCoding { throw .unknownTransferCoding }
        if !endsWithChunked || (chunkedCount > 1 && !isResponse) { throw .transferEncodingNotChunked }
        if hasRegisteredCoding { throw .unknownTransferCoding }
        return .chunked
    }

    /// Whether the connection may carry another message after this one (RFC 9112, section 9.3).
    func keepsAlive(version: HTTPVersion) -> Bool {
        !connectionClose && (version == .http11 || connectionKeepAlive)
    }
}
