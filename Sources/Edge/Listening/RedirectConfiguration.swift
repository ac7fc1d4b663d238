import EventLoop

/// A listener without TLS: it redirects browsers to the same address by `https`, and serves the files that an ACME
/// client has put into its webroot (RFC 8555, section 8.3).
public struct RedirectConfiguration: Sendable, Hashable {
    /// Every loop listens on every address.
    public var listen: [SocketAddress]
    /// The `https` port in the addresses of redirects; 443 is left out.
    public var publicPort: Int
    /// The directory that holds `.well-known/acme-challenge/`; `nil` for none.
    public var acmeWebroot: String?

    public init(listen: [SocketAddress], publicPort: Int, acmeWebroot: String?) {
        self.listen = listen
        self.publicPort = publicPort
        self.acmeWebroot = acmeWebroot
    }
}
