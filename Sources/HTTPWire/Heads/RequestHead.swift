/// The HTTP versions that this module supports. A minor version above 1 is rejected with 505.
public enum HTTPVersion: UInt8, Sendable, Hashable, CaseIterable {
    case http10, http11, http2

    public var text: String {
        switch self {
        case .http10: "HTTP/1.0"
        case .http11: "HTTP/1.1"
        case .http2: "HTTP/2"
        }
    }
}

/// The request line and the header fields of a request.
public struct RequestHead: Sendable, Equatable {
    public var method: String
    /// The request target as bytes: a path with its query, or `*`. The parser has split an absolute URL and moved its
    /// authority to the Host field (RFC 9112, section 3.2.2).
    public var targetBytes: [UInt8]
    public var version: HTTPVersion
    public var fields: HeaderFields
    /// Set when the cookies exceeded the limit; `fields` may then contain none of them.
    public var surplusCookies: SurplusCookies?

    public init(method: String, target: String, version: HTTPVersion = .http11, fields: HeaderFields = [:]) {
        self.method = method
        self.targetBytes = Array(target.utf8)
        self.version = version
        self.fields = fields
    }

    public var target: String {
        get { String(decoding: targetBytes, as: UTF8.self) }
        set { targetBytes = Array(newValue.utf8) }
    }

    /// The target up to the query, as bytes, still percent-encoded.
    public var pathBytes: ArraySlice<UInt8> {
        targetBytes[..<(targetBytes.firstIndex(of: Byte.questionMark) ?? targetBytes.endIndex)]
    }

    /// Whether the method is safe (RFC 9110, section 9.2.1); `TRACE`, also safe there, is rejected here and not
    /// included.
    public var isSafe: Bool { method == "GET" || method == "HEAD" || method == "OPTIONS" }

    /// Whether the method is idempotent (RFC 9110, section 9.2.2).
    public var isIdempotent: Bool { isSafe || method == "PUT" || method == "DELETE" }

    /// Whether the request asks to switch protocols. `Upgrade` is ignored in HTTP/1.0 (RFC 9110, section 7.8); in
    /// HTTP/2 it comes from `RequestAssembler`, which derives it from an extended CONNECT.
    public var asksForUpgrade: Bool {
        version != .http10 && fields.contains("Upgrade") && fields.contains("Connection", element: "upgrade")
    }
}

/// The status line and the header fields of a response.
public struct ResponseHead: Sendable, Equatable {
    /// 100–999; no status above 599 is defined (RFC 9110, section 15).
    public var status: Int
    /// Free text; if empty, the standard reason phrase is written.
    public var reason: String
    public var version: HTTPVersion
    public var fields: HeaderFields

    public init(status: Int, reason: String = "", version: HTTPVersion = .http11, fields: HeaderFields = [:]) {
        self.status = status
        self.reason = reason
        self.version = version
        self.fields = fields
    }

    /// Whether this is a 1xx other than 101, so that another response follows for the same request.
    public var isInformational: Bool { status < 200 && status != 101 }

    /// Whether the status alone rules out a body (RFC 9112, section 6.3).
    public var neverHasBody: Bool { status < 200 || status == 204 || status == 304 }
}
