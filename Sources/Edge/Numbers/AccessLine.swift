import Glibc
import HTTPTransport
import HTTPWire

/// Writes one line of the access log, as JSON. It omits the query, because queries carry codes and signatures, all
/// fields but Host, and cookies. It allocates only if the line needs more room than the buffer has.
enum AccessLine {
    /// Bytes of a path that are written; longer paths are truncated.
    static let pathBytes = 1024
    /// Bytes of a host that are written.
    static let hostBytes = 255

    /// Method, host and path of a request: the part of its line that is no longer known when it is answered.
    static func request(_ head: RequestHead, into line: inout [UInt8]) {
        line.removeAll(keepingCapacity: true)
        append(",\"method\":\"", to: &line)
        var method = head.method
        method.withUTF8 { appendEscaped(UnsafeRawBufferPointer($0), limit: 32, to: &line) }
        append("\",\"host\":\"", to: &line)
        _ = head.fields.withFirst("Host") { appendEscaped($0, limit: hostBytes, to: &line) }
        append("\",\"path\":\"", to: &line)
        head.pathBytes.withUnsafeBytes { appendEscaped($0, limit: pathBytes, to: &line) }
        append("\"", to: &line)
    }

    /// A whole line.
    static func write(
        _ record: ExchangeRecord, client: String, isCut: Bool, seconds: Int64, milliseconds: Int64, now: Int64,
        date: inout DateText, into line: inout [UInt8]
    ) {
        append("{\"time\":\"", to: &line)
        date.append(seconds, milliseconds, to: &line)
        append("\",\"client\":\"", to: &line)
        var client = client
        client.withUTF8 { appendEscaped(UnsafeRawBufferPointer($0), limit: 64, to: &line) }
        append("\"", to: &line)
        line.append(contentsOf: record.request)
        append(record.version.member, to: &line)
        append(",\"status\":", to: &line)
        append(record.status, to: &line)
        append(",\"by\":\"", to: &line)
        append(record.answerer.word, to: &line)
        append("\",\"received\":", to: &line)
        append(record.receivedBytes, to: &line)
        append(",\"sent\":", to: &line)
        append(record.sentBytes, to: &line)
        append(",\"ms\":", to: &line)
        append(Int(max(0, now - record.began.nanoseconds) / 1_000_000), to: &line)
        if let used = record.usedUpstream {
            append(used ? ",\"upstream\":\"used\"" : ",\"upstream\":\"new\"", to: &line)
        }
        if isCut { append(",\"cut\":true", to: &line) }
        append("}\n", to: &line)
    }

    // MARK: Pieces

    static func append(_ text: StaticString, to line: inout [UInt8]) { line.append(contentsOf: text.bytes) }

    static func append(_ number: Int, to line: inout [UInt8]) {
        var rest = number.magnitude
        if number < 0 { line.append(0x2D) }
        let start = line.count
        repeat {
            line.append(0x30 + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        line.reverse(from: start)
    }

    /// With leading zeros.
    static func append(_ number: Int64, digits: Int, to line: inout [UInt8]) {
        var rest = number
        let start = line.count
        for _ in 0..<digits {
            line.append(0x30 + UInt8(rest % 10))
            rest /= 10
        }
        line.reverse(from: start)
    }

    /// Bytes outside plain ASCII are written as if they were Latin-1, so that any byte gives valid JSON.
    private static func appendEscaped(_ bytes: UnsafeRawBufferPointer, limit: Int, to line: inout [UInt8]) {
        for byte in bytes.prefix(limit) {
            if byte == 0x22 || byte == 0x5C {
                line.append(0x5C)
                line.append(byte)
            } else if byte >= 0x20, byte < 0x7F {
                line.append(byte)
            } else {
                append("\\u00", to: &line)
                line.append(hexadecimal(byte >> 4))
                line.append(hexadecimal(byte & 15))
            }
        }
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 { digit < 10 ? 0x30 + digit : 0x57 + digit }
}

/// A timestamp such as `2026-11-23T08:53:58.123Z`. The date is computed once a second.
struct DateText {
    private var second = Int64.min
    private var text: [UInt8] = []

    mutating func append(_ seconds: Int64, _ milliseconds: Int64, to line: inout [UInt8]) {
        if seconds != second { render(seconds) }
        line.append(contentsOf: text)
        AccessLine.append(milliseconds, digits: 3, to: &line)
        line.append(UInt8(ascii: "Z"))
    }

    private mutating func render(_ seconds: Int64) {
        second = seconds
        var moment = time_t(seconds)
        var parts = tm()
        gmtime_r(&moment, &parts)
        text.removeAll(keepingCapacity: true)
        AccessLine.append(Int64(parts.tm_year) + 1900, digits: 4, to: &text)
        for (mark, part) in [("-", parts.tm_mon + 1), ("-", parts.tm_mday), ("T", parts.tm_hour)] {
            text.append(contentsOf: mark.utf8)
            AccessLine.append(Int64(part), digits: 2, to: &text)
        }
        for part in [parts.tm_min, parts.tm_sec] {
            text.append(UInt8(ascii: ":"))
            AccessLine.append(Int64(part), digits: 2, to: &text)
        }
        text.append(UInt8(ascii: "."))
    }
}

extension EdgeMetrics.Answerer {
    var word: StaticString {
        switch self {
        case .lab: "lab"
        case .portal: "portal"
        case .edge: "edge"
        }
    }
}

extension HTTPVersion {
    /// The JSON member, as it is written in a line.
    fileprivate var member: StaticString {
        switch self {
        case .http10: ",\"protocol\":\"HTTP/1.0\""
        case .http11: ",\"protocol\":\"HTTP/1.1\""
        case .http2: ",\"protocol\":\"HTTP/2\""
        }
    }
}
