import HTTPWire

/// A request of the control plane's client, whole.
public struct HTTPClientRequest: Sendable {
    public var method: String
    /// Path and query, as they go over the wire.
    public var target: String
    /// `host[:port]`, for the Host field; with TLS the host is also the name that the upstream must prove.
    public var authority: String
    public var fields: HeaderFields
    public var body: [UInt8]

    public init(
        method: String, target: String, authority: String, fields: HeaderFields = [:], body: [UInt8] = []
    ) {
        self.method = method
        self.target = target
        self.authority = authority
        self.fields = fields
        self.body = body
    }

    /// The target without its query, which can hold secrets: fit for messages.
    var path: Substring { target.prefix { $0 != "?" } }

    var host: String? { Authority(authority)?.host }

    var head: RequestHead {
        var complete = HeaderFields()
        if !fields.contains("Host") { complete.append("Host", authority) }
        fields.forEachRaw { complete.append(name: $0, value: $1) }
        return RequestHead(method: method, target: target, fields: complete)
    }

    /// Whether a WebSocket's subprotocol, or none, is one that this request asked for (RFC 6455 section 4.1, item 6).
    func offers(_ subprotocol: String?) -> Bool {
        guard let subprotocol else { return true }
        return fields.all("Sec-WebSocket-Protocol").contains { line in
            line.split(separator: ",").contains { $0.drop { $0 == " " }.prefix { $0 != " " } == subprotocol }
        }
    }

    /// A method whose meaning expects a body says also that it is empty (RFC 9110 section 8.6).
    var framing: BodyFraming {
        body.isEmpty && !["POST", "PUT", "PATCH"].contains(method) ? .none : .length(Int64(body.count))
    }
}

/// A whole answer.
public struct HTTPClientResponse: Sendable {
    public var status: Int
    public var fields: HeaderFields
    public var body: [UInt8]

    public init(status: Int, fields: HeaderFields = [:], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}
