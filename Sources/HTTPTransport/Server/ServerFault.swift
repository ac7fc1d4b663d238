import HTTPWire

/// What a client did wrong, so that the connection answered in its owner's stead and closes.
public enum ServerFault: Error, Hashable, Sendable {
    case malformed(HTTPParseError)
    /// The head of a request did not come within `TransportLimits.headTimeout`.
    case headTimeout
    /// A request's body stopped coming, or came slower than is borne: see `ServerTimeouts.minimumBodyRate`.
    case bodyTimeout

    public var status: Int {
        switch self {
        case .malformed(let error): error.status
        case .headTimeout, .bodyTimeout: 408
        }
    }

    /// A sentence without any of the client's bytes.
    public var reason: String {
        switch self {
        case .malformed(let error): error.reason
        case .headTimeout: "The request's header fields did not come in time; send the request again."
        case .bodyTimeout: "The request's body stopped coming, or came too slowly; send the request again."
        }
    }

    /// An answer in the owner's stead.
    var response: (head: ResponseHead, body: [UInt8]) {
        let text = "\(status) \(ResponseHead.reason(of: status))\n\(reason)\n"
        return (
            ResponseHead(status: status, fields: ["Content-Type": "text/plain; charset=utf-8"]), Array(text.utf8)
        )
    }
}
