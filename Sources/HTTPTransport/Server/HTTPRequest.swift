import EventLoop
import HTTPWire

/// A complete request as the control plane's handlers see it.
public struct HTTPRequest: Sendable {
    public let method: String
    /// In its original form: path and query, percent-encoded; `*` for OPTIONS.
    public let target: String
    /// The path's segments, decoded; none for `/`. An encoded slash stays within its segment.
    public let path: [String]
    /// The query's fields, decoded, in order; a name may occur more than once.
    public let query: [(name: String, value: String)]
    public let fields: HeaderFields
    public let body: [UInt8]
    /// The Host field.
    public let authority: Authority?
    public let peerAddress: SocketAddress?
    /// The process that sent it over a Unix socket, as reported by the kernel.
    public let localPeer: LocalPeer?

    /// Nil if the path or the query has an invalid escape, or the path has dot segments: respond 400.
    public init?(
        method: String, target: String, fields: HeaderFields = [:], body: [UInt8] = [],
        peerAddress: SocketAddress? = nil, localPeer: LocalPeer? = nil
    ) {
        let bytes = target.utf8
        let mark = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
        guard let path = target == "*" ? [] : URLDecoding.segments(bytes[..<mark]),
            let query = URLDecoding.fields(bytes[mark...].dropFirst())
        else { return nil }
        self.method = method
        self.target = target
        self.path = path
        self.query = query
        self.fields = fields
        self.body = body
        self.peerAddress = peerAddress
        self.localPeer = localPeer
        authority = fields.first("Host").flatMap { Authority($0) }
    }

    /// The fields of a form in the body (`application/x-www-form-urlencoded`), decoded, in order. Empty if the body is
    /// of another type or malformed: a form without its required fields is rejected anyway.
    public func form() -> [(name: String, value: String)] {
        let type = fields.first("Content-Type")?.lowercased() ?? ""
        let mediaType = type.prefix { $0 != ";" && $0 != " " }
        guard mediaType == "application/x-www-form-urlencoded" else { return [] }
        return URLDecoding.fields(body) ?? []
    }

    /// The value of the only cookie with that name.
    public func cookie(_ name: String) -> String? {
        fields.cookie(named: name)
    }
}
