/// A version of HTTP that this wire speaks. A minor version above 1 is refused with 505.
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

/// The first line and the header fields of a request.
public struct RequestHead: Sendable, Equatable {
    public var method: String
    /// The target as bytes: a path with its query, or `*`. An absolute URL has been taken apart by the parser: its
    /// authority stands in the Host field (RFC 9112, section 3.2.2).
    public var targetBytes: [UInt8]
    public var version: HTTPVersion
    public var fields: HeaderFields
    /// There were more cookies than are read; `fields` may have none of them.
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

    /// Nothing changes by it (RFC 9110, section 9.2.1); `TRACE`, safe there, is refused here and not counted.
    public var isSafe: Bool { method == "GET" || method == "HEAD" || method == "OPTIONS" }

    /// May be sent twice (RFC 9110, section 9.2.2).
    public var isIdempotent: Bool { isSafe || method == "PUT" || method == "DELETE" }

    /// Asks for another protocol. `Upgrade` counts for nothing in HTTP/1.0 (RFC 9110, section 7.8); in HTTP/2 it is what
    /// `RequestAssembler` makes of an extended CONNECT.
    public var asksForUpgrade: Bool {
        version != .http10 && fields.contains("Upgrade") && fields.contains("Connection", element: "upgrade")
    }
}

/// The first line and the header fields of a response.
public struct ResponseHead: Sendable, Equatable {
    /// 100–999; above 599 there is none that anybody has defined (RFC 9110, section 15).
    public var status: Int
    /// Free text; empty for the usual words when written.
    public var reason: String
    public var version: HTTPVersion
    public var fields: HeaderFields

    public init(status: Int, reason: String = "", version: HTTPVersion = .http11, fields: HeaderFields = [:]) {
        self.status = status
        self.reason = reason
        self.version = version
        self.fields = fields
    }

    /// 1xx other than 101: another response follows for the same request.
    public var isInformational: Bool { status < 200 && status != 101 }

    /// The status alone says that there is no body (RFC 9112, section 6.3).
    public var neverHasBody: Bool { status < 200 || status == 204 || status == 304 }
}
