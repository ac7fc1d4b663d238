import Foundation

/// The parts of an https address.
public struct WebAddress: Hashable, Sendable, CustomStringConvertible {
    public var host: String
    public var port: Int
    /// Path and query, as in a request.
    public var target: String

    /// `nil` unless it is an absolute https address.
    init?(_ text: String) {
        guard let parts = URLComponents(string: text), parts.scheme?.lowercased() == "https", parts.user == nil,
            let host = parts.host, !host.isEmpty
        else { return nil }
        self.host = host.lowercased()
        port = parts.port ?? 443
        let path = parts.percentEncodedPath
        target = (path.isEmpty ? "/" : path) + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
    }

    public var path: String { String(target.prefix { $0 != "?" }) }
    /// The value of `Host`.
    public var authority: String { port == 443 ? host : "\(host):\(port)" }
    public var origin: String { "https://\(authority)" }
    public var description: String { origin + target }

    /// Another address on the same origin.
    func with(target: String) -> WebAddress {
        var address = self
        address.target = target
        return address
    }

    /// The target of a `Location` header relative to this address (RFC 3986 section 5); `nil` if it is not https.
    func following(_ location: String) -> WebAddress? {
        guard let base = URL(string: description), let url = URL(string: location, relativeTo: base) else { return nil }
        return WebAddress(url.absoluteString)
    }
}
