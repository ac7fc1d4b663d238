import COpenSSL
import Synchronization

/// The state that a server's connections share: certificates by name, protocol versions, ticket keys.
///
/// Owns one `SSL_CTX`, and one more for each other certificate that was requested; all are freed in `deinit`. Every
/// connection retains the context, so OpenSSL's callbacks always find it. `@unchecked Sendable` because only the list
/// of other contexts changes after `init`, and a `Mutex` guards it; OpenSSL guards its own mutable state (tickets,
/// reference counts), so loops may share a context.
public final class TLSServerContext: @unchecked Sendable {
    let pointer: OpaquePointer
    private let store: CertificateStore
    private let alpn: [UInt8]
    /// The certificate that every connection starts with, so that the usual handshake changes nothing.
    private let installed: CertifiedKey
    /// The contexts of other certificates: the store's further ones, and those loaded since. OpenSSL verifies that key
    /// and certificate match each time they are set, so each pair is set only once.
    private let others = Mutex(OtherContexts())
    private let clientTrust: Trust?
    let tickets: TicketKeys

    /// - Parameters:
    ///   - store: the certificates; a later `reload()` of it takes effect at the next handshake.
    ///   - alpn: protocols by preference; a client that offers ALPN with none of them is refused (RFC 7301).
    ///   - tickets: the keys that seal the sessions that clients keep; contexts with the same keys accept each other's.
    ///   - clientTrust: if given, a client must present a certificate from these authorities (mutual TLS).
    public init(
        store: CertificateStore, alpn: [String] = ["http/1.1"], tickets: TicketKeys = TicketKeys(),
        requiringClientsOf clientTrust: Trust? = nil
    ) throws(TLSError) {
        pointer = try ContextSettings.make(TLS_server_method())
        self.store = store
        installed = store.certificate(for: nil)
        self.tickets = tickets
        self.clientTrust = clientTrust
        self.alpn = ContextSettings.encode(alpn: alpn)
        try configure(pointer, with: installed)
        SSL_CTX_set_cert_cb(pointer, Self.chooseCertificate, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        SSL_CTX_free(pointer)
        others.withLock { $0.removeAll() }
    }

    private func configure(_ pointer: OpaquePointer, with identity: CertifiedKey) throws(TLSError) {
        SSL_CTX_set_options(pointer, carrel_SSL_OP_CIPHER_SERVER_PREFERENCE | carrel_SSL_OP_PRIORITIZE_CHACHA)
        // Sessions live in the clients' tickets; the server keeps no state per session.
        _ = carrel_SSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
        // One ticket is enough: a client that resumes with it gets the next.
        SSL_CTX_set_num_tickets(pointer, 1)
        let sessionContext = Array("carrel".utf8)
        SSL_CTX_set_session_id_context(pointer, sessionContext, UInt32(sessionContext.count))
        // The pair was verified to match when it was loaded.
        SSL_CTX_use_cert_and_key(pointer, identity.certificate, identity.key, identity.chain, 1)
        let owner = Unmanaged.passUnretained(self).toOpaque()
        SSL_CTX_set_ex_data(pointer, 0, owner)
        TicketKeys.install(in: pointer)
        if !alpn.isEmpty { SSL_CTX_set_alpn_select_cb(pointer, Self.chooseProtocol, owner) }
        if let clientTrust {
            try clientTrust.install(in: pointer)
            SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        }
    }

    /// Replaces the installed certificate of one connection.
    private func use(_ identity: CertifiedKey, for connection: OpaquePointer) -> Bool {
        others.withLock { others in
            if let known = others.context(of: identity) { return SSL_set_SSL_CTX(connection, known) != nil }
            guard let context = try? ContextSettings.make(TLS_server_method()) else { return false }
            guard (try? configure(context, with: identity)) != nil else {
                SSL_CTX_free(context)
                return false
            }
            others.add(context, of: identity)
            return SSL_set_SSL_CTX(connection, context) != nil
        }
    }

    /// The number of other certificates that have a context.
    var otherContexts: Int { others.withLock { $0.count } }

    /// Returns 1 to continue, 0 to reject the handshake.
    private static let chooseCertificate: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = {
        connection, owner in
        guard let connection, let owner else { return 0 }
        let context = Unmanaged<TLSServerContext>.fromOpaque(owner).takeUnretainedValue()
        let asked = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
        let chosen = context.store.certificate(for: asked)
        return chosen === context.installed || context.use(chosen, for: connection) ? 1 : 0
    }

    private static let chooseProtocol: SSL_CTX_alpn_select_cb_func = { _, chosen, chosenCount, offered, count, owner in
        guard let owner else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        let context = Unmanaged<TLSServerContext>.fromOpaque(owner).takeUnretainedValue()
        // The result points into `offered` (alive until the callback returns) or into our list; OpenSSL copies it.
        var selection: UnsafeMutablePointer<UInt8>?
        let result = context.alpn.withUnsafeBufferPointer { ours in
            SSL_select_next_proto(
                &selection, chosenCount, ours.baseAddress, UInt32(ours.count), offered, count)
        }
        guard result == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        chosen?.pointee = UnsafePointer(selection)
        return SSL_TLSEXT_ERR_OK
    }
}

/// One context for each of the most recently requested certificates. Owns one reference to each; a connection holds its
/// own.
///
/// `@unchecked Sendable`: OpenSSL's reference counts are atomic, and the list's owner guards it.
private struct OtherContexts: @unchecked Sendable {
    /// Certificates that have a context; the oldest is evicted first, and gets a new one when it is requested again.
    /// Above the number of portals, each of which may have a certificate of its own.
    static let limit = 256

    private var entries: [(identity: CertifiedKey, context: OpaquePointer)] = []

    var count: Int { entries.count }

    func context(of identity: CertifiedKey) -> OpaquePointer? {
        entries.first { $0.identity === identity }?.context
    }

    /// Takes ownership of the caller's reference.
    mutating func add(_ context: OpaquePointer, of identity: CertifiedKey) {
        if entries.count == Self.limit { SSL_CTX_free(entries.removeFirst().context) }
        entries.append((identity, context))
    }

    mutating func removeAll() {
        for entry in entries { SSL_CTX_free(entry.context) }
        entries = []
    }
}
