import COpenSSL
import Synchronization

/// The state that a client's connections share: trusted authorities, our certificate for mutual TLS, resumable
/// sessions.
///
/// Owns one `SSL_CTX`, freed in `deinit`, and one reference to each kept `SSL_SESSION`. `@unchecked Sendable` because
/// only the sessions change after `init`, and a `Mutex` guards them.
public final class TLSClientContext: @unchecked Sendable {
    /// Sessions kept for resumption, one per server name; the oldest is evicted first.
    static let keptSessions = 64

    let pointer: OpaquePointer
    private let sessions = Mutex(Sessions())

    /// - Parameters:
    ///   - trust: the authorities that servers' certificates must chain to; the server's name is always verified too.
    ///   - clientCertificate: the certificate that we present to a server that requests one (mutual TLS).
    ///   - alpn: protocols to offer, by preference.
    ///   - keepsSessions: false makes every handshake a full one.
    public init(
        trust: Trust = .system, clientCertificate: CertificateFiles? = nil, alpn: [String] = [],
        keepsSessions: Bool = true
    ) throws(TLSError) {
        pointer = try ContextSettings.make(TLS_client_method())
        try trust.install(in: pointer)
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        if let clientCertificate {
            let identity = try CertifiedKey(clientCertificate)
            ErrorQueue.clear()
            guard SSL_CTX_use_cert_and_key(pointer, identity.certificate, identity.key, identity.chain, 1) == 1 else {
                throw ErrorQueue.failure(.certificate, "\(clientCertificate.certificatePath) cannot be used")
            }
        }
        let offered = ContextSettings.encode(alpn: alpn)
        if !offered.isEmpty { SSL_CTX_set_alpn_protos(pointer, offered, UInt32(offered.count)) }
        guard keepsSessions else { return }
        let mode = SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL
        _ = carrel_SSL_CTX_set_session_cache_mode(pointer, Int(mode))
        SSL_CTX_sess_set_new_cb(pointer) { connection, session in
            // The connection is alive (this runs within one of its calls) and retains its context.
            guard let session, let owner = SSL_get_ex_data(connection, 0) else { return 0 }
            let connection = Unmanaged<TLSConnection>.fromOpaque(owner).takeUnretainedValue()
            connection.clientContext?.keep(session, for: connection.peerName)
            return 1  // we own the reference now
        }
    }

    deinit {
        sessions.withLock { $0.removeAll() }
        SSL_CTX_free(pointer)
    }

    /// Takes ownership of the caller's reference.
    private func keep(_ session: OpaquePointer, for name: String) {
        sessions.withLock { $0.insert(SessionReference(owned: session), for: name) }
    }

    /// A ticket is used only once (RFC 8446 appendix C.4), so taking it removes it here.
    func resume(on connection: OpaquePointer, for name: String) {
        guard let session = sessions.withLock({ $0.take(for: name) }) else { return }
        SSL_set_session(connection, session.pointer)
    }
}

/// Owns one reference to an `SSL_SESSION`, dropped in `deinit`. `@unchecked Sendable`: immutable, with an atomic count.
private final class SessionReference: @unchecked Sendable {
    let pointer: OpaquePointer
    init(owned pointer: OpaquePointer) { self.pointer = pointer }
    deinit { SSL_SESSION_free(pointer) }
}

private struct Sessions: Sendable {
    private var kept: [(name: String, session: SessionReference)] = []

    mutating func insert(_ session: SessionReference, for name: String) {
        kept.removeAll { $0.name == name }
        if kept.count == TLSClientContext.keptSessions { kept.removeFirst() }
        kept.append((name, session))
    }

    mutating func take(for name: String) -> SessionReference? {
        kept.firstIndex { $0.name == name }.map { kept.remove(at: $0).session }
    }

    mutating func removeAll() { kept.removeAll() }
}
