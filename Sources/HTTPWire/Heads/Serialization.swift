extension RequestHead {
    /// Writes the head in wire form, including the empty line.
    ///
    /// `framing` alone determines `Content-Length` and `Transfer-Encoding`; such fields of the head are omitted. The
    /// end of the connection never frames a request, so `.untilClose` is a programming error.
    public func write(framing: BodyFraming, into output: inout [UInt8]) {
        precondition(framing != .untilClose, "a request cannot end with its connection")
        writeStart(into: &output)
        fields.write(into: &output) { !$0.isFramingField }
        framing.writeEnd(into: &output)
    }
}

extension ResponseHead {
    /// Writes the head in wire form, including the empty line, always as HTTP/1.1 (RFC 9110, section 2.5).
    ///
    /// `framing` determines `Content-Length` and `Transfer-Encoding`; such fields of the head are omitted. With `.none`
    /// the head's `Content-Length` is kept (it states the length of a GET response), unless the status forbids it.
    public func write(framing: BodyFraming, into output: inout [UInt8]) {
        writeStart(into: &output)
        let keepsLength = keepsLength(with: framing)
        fields.write(into: &output) { name in
            !name.isFramingField || (keepsLength && name.count == 14)
        }
        framing.writeEnd(into: &output)
    }

    /// The standard reason phrase of a status (RFC 9110, section 15); empty if there is none.
    public static func reason(of status: Int) -> String {
        switch status {
        case 100: "Continue"
        case 101: "Switching Protocols"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 424: "Failed Dependency"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }
}

extension BodyFraming {
    func writeField(into output: inout [UInt8]) {
        switch self {
        case .none, .untilClose:
            break
        case .length(let length):
            output.appendLiteral("Content-Length: ")
            output.appendDecimal(length)
            output.append(Byte.carriageReturn)
            output.append(Byte.lineFeed)
        case .chunked:
            output.appendLiteral("Transfer-Encoding: chunked\r\n")
        }
    }
}

/// The framing around the data of a chunked body (RFC 9112, section 7.1).
public enum ChunkEncoding {
    /// The end of the body, without trailers.
    public static let end: StaticString = "0\r\n\r\n"
    /// The bytes that follow the data of each chunk.
    public static let suffix: StaticString = "\r\n"

    /// Writes the bytes that precede a chunk's data. `count` must be positive: an empty chunk would end the body.
    public static func writePrefix(count: Int, into output: inout [UInt8]) {
        precondition(count > 0, "an empty chunk ends a chunked body")
        var shift = (Int.bitWidth - count.leadingZeroBitCount + 3) / 4 * 4
        while shift > 0 {
            shift -= 4
            let digit = UInt8(truncatingIfNeeded: (count >> shift) & 0xF)
            output.append(digit < 10 ? Byte.zero + digit : 0x61 + digit - 10)
        }
        output.append(Byte.carriageReturn)
        output.append(Byte.lineFeed)
    }
}

extension UnsafeRawBufferPointer {
    /// Whether this is the name `Content-Length` or `Transfer-Encoding`.
    public var isFramingField: Bool {
        (count == 14 && equalsIgnoringCase("content-length"))
            || (count == 17 && equalsIgnoringCase("transfer-encoding"))
    }
}

extension [UInt8] {
    /// Appends a non-negative number in decimal.
    mutating func appendDecimal(_ value: Int64) {
        precondition(value >= 0)
        let start = count
        var rest = value
        repeat {
            append(Byte.zero + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        reverse(from: start)
    }

    /// Reverses the bytes from `start` to the end in place, because changing a slice of an array copies it.
    public mutating func reverse(from start: Int) {
        var (low, high) = (start, count - 1)
        while low < high {
            swapAt(low, high)
            low += 1
            high -= 1
        }
    }
}
