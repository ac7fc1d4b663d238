import EventLoop

/// The address of an upstream: a host (name or IP address) with a port, or a Unix socket.
public enum UpstreamAddress: Hashable, Sendable, CustomStringConvertible {
    case tcp(host: String, port: Int)
    case unix(path: String)

    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// The socket address; `nil` if a host name must be resolved first.
    var socketAddress: SocketAddress? {
        switch self {
        case .unix(let path): .unix(path: path)
        case .tcp: try? SocketAddress(parsing: description)
        }
    }
}
