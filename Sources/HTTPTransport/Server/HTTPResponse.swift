import HTTPWire

/// The response of a control plane handler.
public struct HTTPResponse: Sendable {
    public enum Body: Sendable {
        case bytes([UInt8])
        /// Each element is sent immediately; the client reads the end of the body when the stream ends. When the client
        /// disconnects, the stream's consumer is cancelled, which calls its `onTermination`.
        case stream(AsyncStream<[UInt8]>)
    }

    public var status: Int
    public var fields: HeaderFields
    public var body: Body

    public init(status: Int, fields: HeaderFields = [:], body: Body = .bytes([])) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    public static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, type: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    public static func html(_ page: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, type: "text/html; charset=utf-8", body: Array(page.utf8))
    }

    /// - Parameter json: already encoded.
    public static func json(_ json: [UInt8], status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, type: "application/json", body: json)
    }

    /// Redirects the client with GET, whatever its method.
    public static func redirect(to location: String, status: Int = 303) -> HTTPResponse {
        HTTPResponse(status: status, fields: ["Location": location])
    }

    /// Server-sent events; each element is one or more whole events (`ServerSentEvent`).
    public static func events(_ stream: AsyncStream<[UInt8]>) -> HTTPResponse {
        HTTPResponse(
            status: 200, fields: ["Content-Type": "text/event-stream", "Cache-Control": "no-store"],
            body: .stream(stream))
    }

    private init(status: Int, type: String, body: [UInt8]) {
        self.init(status: status, fields: ["Content-Type": type], body: .bytes(body))
    }
}

/// The wire form of server-sent events (HTML standard, section 9.2).
public enum ServerSentEvent {
    /// One event; `data` may have several lines.
    public static func event(_ name: String, data: String, id: String? = nil) -> [UInt8] {
        var bytes = Array("event: \(name)\n".utf8)
        if let id { bytes += "id: \(id)\n".utf8 }
        bytes.reserveCapacity(bytes.count + data.utf8.count + 32)
        bytes += "data: ".utf8
        // LF, CR and CR LF end a line here; Unicode's other line separators are data.
        var previous: UInt8 = 0
        for byte in data.utf8 {
            switch byte {
            case UInt8(ascii: "\n") where previous == UInt8(ascii: "\r"): break
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): bytes += "\ndata: ".utf8
            default: bytes.append(byte)
            }
            previous = byte
        }
        bytes += "\n\n".utf8
        return bytes
    }

    /// A comment, which clients ignore: it shows that the connection is alive.
    public static let heartbeat = Array(":\n\n".utf8)
}
