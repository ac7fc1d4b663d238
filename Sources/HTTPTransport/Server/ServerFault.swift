import HTTPWire

/// A client's fault, because of which the connection responds on its owner's behalf and closes.
public enum ServerFault: Error, Hashable, Sendable {
    case malformed(HTTPParseError)
    /// The head of a request did not arrive within `ServerTimeouts.head`.
    case headTimeout
    /// A request's body stopped arriving, or was slower than allowed: see `ServerTimeouts.minimumBodyRate`.
    case bodyTimeout

    public var status: Int {
        switch self {
        case .malformed(let error): error.status
        case .headTimeout, .bodyTimeout: 408
        }
    }

    /// A sentence that contains none of the client's bytes.
    public var reason: String {
        switch self {
        case .malformed(let error): error.reason
        case .headTimeout: "The request's header fields did not come in time; send the request again."
        case .bodyTimeout: "The request's body stopped coming, or came too slowly; send the request again."
        }
    }

    /// The response sent on the owner's behalf.
    var response: (head: ResponseHead, body: [UInt8]) {
        let text = "\(status) \(ResponseHead.reason(of: status))\n\(reason)\n"
        return (
            ResponseHead(status: status, fields: ["Content-Type": "text/plain; charset=utf-8"]), Array(text.utf8)
        )
    }
}
