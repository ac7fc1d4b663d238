import HTTPTransport
import TLS

/// The address of a Docker Engine: a Unix socket of this machine, or TCP with mutual TLS.
public struct EngineEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// The files for mutual TLS, all in PEM.
    public struct Identity: Hashable, Sendable {
        /// The certificate authorities that may have signed the engine's certificate.
        public var authorityPath: String
        public var certificatePath: String
        public var keyPath: String

        public init(authorityPath: String, certificatePath: String, keyPath: String) {
            self.authorityPath = authorityPath
            self.certificatePath = certificatePath
            self.keyPath = keyPath
        }
    }

    public enum Transport: Hashable, Sendable {
        case unix(path: String)
        /// Plain TCP is not supported: access to an engine's port means control of its host.
        case tcp(host: String, port: Int, Identity)
    }

    public var transport: Transport

    public init(_ transport: Transport) { self.transport = transport }

    /// Parses an operator's setting; `nil` if it is neither `unix:///PATH` nor, with an identity, `tcp://HOST:PORT`.
    public init?(_ text: String, identity: Identity?) {
        if text.hasPrefix("unix:///"), identity == nil, !text.contains("\0") {
            transport = .unix(path: String(text.dropFirst("unix://".count)))
            return
        }
        guard text.hasPrefix("tcp://"), let identity, let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]), (1...65_535).contains(port)
        else { return nil }
        var host = text[..<colon].dropFirst("tcp://".count)
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, !host.contains(where: { "/[]@ ".contains($0) }) else { return nil }
        transport = .tcp(host: String(host), port: port, identity)
    }

    /// `unix:///run/docker.sock` or `tcp://host:2376`, as operators write it.
    public var description: String {
        switch transport {
        case .unix(let path): "unix://\(path)"
        case .tcp(let host, let port, _): host.contains(":") ? "tcp://[\(host)]:\(port)" : "tcp://\(host):\(port)"
        }
    }
}
