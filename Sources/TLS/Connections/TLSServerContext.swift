import COpenSSL
import Synchronization

/// What a server's connections share: certificates by name, protocol versions, ticket keys.
///
/// Owns one `SSL_CTX`, and one more for each other certificate that was asked for, freed in `deinit`; every connection
/// holds the context, so OpenSSL's callbacks always find it. `@unchecked Sendable` because nothing but the list of those is
/// changed after `init`, and that is behind a `Mutex`; OpenSSL guards what it changes inside (tickets, reference counts),
/// so that loops may share one.
public final class TLSServerContext: @unchecked Sendable {
    let pointer: OpaquePointer
    private let store: CertificateStore
    private let alpn: [UInt8]
    /// What every connection has from the start, so that in the usual case nothing is to be changed at its handshake.
    private let installed: CertifiedKey
    /// The contexts of other certificates: the further ones of the store, and those that were loaded since. OpenSSL looks
    /// anew whether a key belongs to its certificate whenever it is given one, and so it is given each only once.
    private let others = Mutex(OtherContexts())
    private let clientTrust: Trust?
    let tickets: TicketKeys

    /// - Parameters:
    ///   - store: the certificates; a later `reload()` of it takes effect at the next handshake.
    ///   - alpn: protocols by preference; a client that offers ALPN with none of them is refused (RFC 7301).
    ///   - tickets: what seals the sessions that clients keep; contexts with the same ones know each other's.
    ///   - clientTrust: when given, a client must bear a certificate of these authorities (mutual TLS).
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
        // Sessions live in tickets at the client; the server remembers nothing per session.
        _ = carrel_SSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
        // One ticket is enough: whoever comes back by it gets the next.
        SSL_CTX_set_num_tickets(pointer, 1)
        let sessionContext = Array("carrel".utf8)
        SSL_CTX_set_session_id_context(pointer, sessionContext, UInt32(sessionContext.count))
        // A pair that was found to belong together when it was loaded.
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

    /// Gives a connection another certificate than the installed one.
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

    /// How many other certificates have a context.
    var otherContexts: Int { others.withLock { $0.count } }

    /// 1: go on; 0: refuse the handshake.
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
        // The result points into `offered` (alive until the callback has returned) or into our list: copied by OpenSSL.
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

/// One context for each of the certificates that were chosen last. Owns a reference of each; a connection holds its own.
///
/// `@unchecked Sendable`: OpenSSL's reference counts are atomic, and the list is its owner's to guard.
private struct OtherContexts: @unchecked Sendable {
    /// Certificates that have one; the oldest goes first, and is made anew when it is asked for again.
    static let limit = 64

    private var entries: [(identity: CertifiedKey, context: OpaquePointer)] = []

    var count: Int { entries.count }

    func context(of identity: CertifiedKey) -> OpaquePointer? {
        entries.first { $0.identity === identity }?.context
    }

    /// Takes over the caller's reference.
    mutating func add(_ context: OpaquePointer, of identity: CertifiedKey) {
        if entries.count == Self.limit { SSL_CTX_free(entries.removeFirst().context) }
        entries.append((identity, context))
    }

    mutating func removeAll() {
        for entry in entries { SSL_CTX_free(entry.context) }
        entries = []
    }
}
