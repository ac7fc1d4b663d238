import HTTPWire

/// A complete request of the control plane's client.
public struct HTTPClientRequest: Sendable {
    public var method: String
    /// Path and query in wire form.
    public var target: String
    /// `host[:port]`, for the Host field; with TLS the upstream's certificate must also match this host.
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

    /// The target without its query, which can hold secrets: suitable for messages.
    var path: Substring { target.prefix { $0 != "?" } }

    var host: String? { Authority(authority)?.host }

    var head: RequestHead {
        var complete = HeaderFields()
        if !fields.contains("Host") { complete.append("Host", authority) }
        fields.forEachRaw { complete.append(name: $0, value: $1) }
        return RequestHead(method: method, target: target, fields: complete)
    }

    /// Whether the chosen subprotocol, or none, is among those that this request offered (RFC 6455 section 4.1, item
    /// 6).
    func offers(_ subprotocol: String?) -> Bool {
        guard let subprotocol else { return true }
        return fields.all("Sec-WebSocket-Protocol").contains { line in
            line.split(separator: ",").contains { $0.drop { $0 == " " }.prefix { $0 != " " } == subprotocol }
        }
    }

    /// A method that usually has a body states explicitly that the body is empty (RFC 9110 section 8.6).
    var framing: BodyFraming {
        body.isEmpty && !["POST", "PUT", "PATCH"].contains(method) ? .none : .length(Int64(body.count))
    }
}

/// A complete response.
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
