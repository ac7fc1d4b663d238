import COpenSSL

/// The result of a `read`.
public enum TLSRead: Hashable, Sendable {
    /// The number of bytes of plaintext, at least one.
    case bytes(Int)
    /// More ciphertext is needed first.
    case wouldBlock
    /// The peer half-closed with `close_notify`; our direction can still be written.
    case closed
}

/// One TLS connection without any I/O: ciphertext goes in through `receive` and out through `drainCiphertext`;
/// plaintext goes through `read` and `write`. The driver must drain after every other call, because any call can
/// produce ciphertext for the peer (handshake, tickets, alerts).
///
/// Owns its `SSL` (which owns the `BIO`) and the ciphertext buffers; both are freed in `deinit`. Confined to its
/// owner's thread; not `Sendable`. It retains its context. After an error it stays failed: drain the alert, then close.
public final class TLSConnection {
    /// The largest plaintext of one record (RFC 8446 section 5.1), and so the limit for two buffers that share a
    /// record.
    public static let largestRecord = 16 * 1024

    let connection: OpaquePointer
    private let buffers: UnsafeMutablePointer<CiphertextBuffers>
    private let serverContext: TLSServerContext?
    let clientContext: TLSClientContext?
    /// For messages, and as the key of kept sessions: the server's name on a client, "the client" on a server.
    let peerName: String
    private let rooms: TLSRooms?
    private var failure: TLSError?
    /// Whether the pending ciphertext is only a ticket, which can wait for the first response. Reset when it is
    /// drained.
    public var holdsTickets: Bool { isHolding }
    @exclusivity(unchecked) private var isHolding = false
    private var hasSentCloseNotify = false

    /// The expiry of the peer's certificate, in seconds since 1970; nil before the peer has presented it.
    public var peerCertificateExpiry: Int64? {
        guard let certificate = SSL_get1_peer_certificate(connection) else { return nil }
        defer { X509_free(certificate) }
        return X509Reading.expiry(of: certificate)
    }

    /// The server's side.
    /// - Parameter rooms: buffers that the connections of this thread share. A caller that passes them must call
    ///   `releaseBuffers()` when the connection has been idle for a while; without them OpenSSL releases its own
    ///   buffers after each record, which is slower on a busy connection.
    public convenience init(server context: TLSServerContext, rooms: TLSRooms? = nil) throws(TLSError) {
        try self.init(context.pointer, server: context, client: nil, peerName: "the client", rooms: rooms)
        SSL_set_accept_state(connection)
    }

    /// The client's side.
    /// - Parameter serverName: the host name or IP address that the server's certificate must contain.
    public convenience init(client context: TLSClientContext, serverName: String) throws(TLSError) {
        let name = Hostname.normal(serverName)
        try self.init(context.pointer, server: nil, client: context, peerName: name, rooms: nil)
        SSL_set_connect_state(connection)
        ErrorQueue.clear()
        let accepted: Bool
        if IPAddress(name) != nil {
            // An IP address is not sent as SNI (RFC 6066 section 3).
            accepted = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), name) == 1
        } else {
            SSL_set_hostflags(connection, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            accepted =
                !name.isEmpty && SSL_set1_host(connection, name) == 1
                && carrel_SSL_set_tlsext_host_name(connection, name) == 1
        }
        guard accepted else { throw ErrorQueue.failure(.handshake, "\(name) is not a name that TLS can verify") }
        context.resume(on: connection, for: name)
    }

    private init(
        _ context: OpaquePointer, server: TLSServerContext?, client: TLSClientContext?, peerName: String,
        rooms: TLSRooms?
    ) throws(TLSError) {
        ErrorQueue.clear()
        guard let connection = SSL_new(context) else {
            throw ErrorQueue.failure(.library, "a TLS connection could not be made")
        }
        self.connection = connection
        buffers = .allocate(capacity: 1)
        buffers.initialize(to: CiphertextBuffers())
        serverContext = server
        clientContext = client
        self.peerName = peerName
        self.rooms = rooms
        if rooms != nil {
            buffers.pointee.outgoing.rooms = rooms
            carrel_SSL_clear_mode(connection, Int(SSL_MODE_RELEASE_BUFFERS))
        }
        let bio = CiphertextBuffers.makeBIO(over: buffers)
        SSL_set_bio(connection, bio, bio)
        SSL_set_ex_data(connection, 0, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        SSL_free(connection)
        buffers.pointee.incoming.deallocate()
        buffers.pointee.outgoing.deallocate()
        buffers.deinitialize(count: 1)
        buffers.deallocate()
    }

    // MARK: Ciphertext

    /// Takes ciphertext from the transport; a copy is kept until it is read.
    public func receive(_ ciphertext: UnsafeRawBufferPointer) throws(TLSError) {
        if let failure { throw failure }
        buffers.pointee.incoming.append(ciphertext)
    }

    /// Takes ciphertext from the transport without copying it: `body` reads as much as it likes, and the rest is copied
    /// afterwards.
    public func receive(_ ciphertext: UnsafeRawBufferPointer, during body: () -> Void) throws(TLSError) {
        if let failure { throw failure }
        buffers.pointee.incoming.lend(ciphertext)
        body()
        buffers.pointee.incoming.keepLent()
    }

    /// Frees OpenSSL's buffers (about 34 KB) if they are empty. OpenSSL allocates them again when it needs them.
    public func releaseBuffers() { SSL_free_buffers(connection) }

    /// Whether the transport has ended.
    public var hasEnded: Bool { buffers.pointee.hasEnded }

    /// Marks the end of the transport. A `read` that reaches it without a `close_notify` fails as truncated.
    public func receiveEnd() { buffers.pointee.hasEnded = true }

    /// Passes all pending outgoing ciphertext to `body`, then discards it. If nothing is pending, `body` is not called.
    public func drainCiphertext(_ body: (UnsafeRawBufferPointer) -> Void) {
        guard !buffers.pointee.outgoing.isEmpty else { return }
        isHolding = false
        body(buffers.pointee.outgoing.contents)
        buffers.pointee.outgoing.deallocate()
    }

    // MARK: Handshake

    /// - Returns: true when the handshake has finished; false when more ciphertext is needed.
    public func advanceHandshake() throws(TLSError) -> Bool {
        if let failure { throw failure }
        if isHandshakeFinished { return true }
        ErrorQueue.clear()
        let result = SSL_do_handshake(connection)
        if result == 1 {
            holdTickets()
            return true
        }
        switch SSL_get_error(connection, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return false
        default: throw fail(.handshake, "the TLS handshake with \(peerName) failed")
        }
    }

    /// At the end of a TLS 1.3 handshake a server has nothing to send but a ticket, which the client does not wait for.
    private func holdTickets() {
        guard serverContext != nil, SSL_version(connection) == TLS1_3_VERSION else { return }
        buffers.pointee.outgoing.shrink()
        isHolding = !buffers.pointee.outgoing.isEmpty
    }

    public var isHandshakeFinished: Bool { SSL_is_init_finished(connection) == 1 }

    /// The name that the client requested (SNI); `nil` if it sent none.
    public var serverName: String? {
        SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
    }

    public var negotiatedALPN: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(connection, &name, &count)
        guard count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// Whether an earlier session was resumed, without certificates and signatures.
    public var isResumed: Bool { SSL_session_reused(connection) == 1 }

    /// For example `TLSv1.3`.
    public var protocolVersion: String { SSL_get_version(connection).map { String(cString: $0) } ?? "" }

    // MARK: Plaintext

    public func read(into target: UnsafeMutableRawBufferPointer) throws(TLSError) -> TLSRead {
        precondition(!target.isEmpty, "a read needs room")
        if let failure { throw failure }
        ErrorQueue.clear()
        var count = 0
        let result = SSL_read_ex(connection, target.baseAddress, target.count, &count)
        if result == 1 { return .bytes(count) }
        switch SSL_get_error(connection, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wouldBlock
        case SSL_ERROR_ZERO_RETURN: return .closed
        default: throw fail(isHandshakeFinished ? .record : .handshake, "reading from \(peerName) over TLS failed")
        }
    }

    /// Whether a `read` may return something, including the end or an error, without more ciphertext. After nearly
    /// every message this saves a read that would return nothing.
    public var hasUnread: Bool { !buffers.pointee.incoming.isEmpty || SSL_has_pending(connection) == 1 }

    /// Encrypts all of `plaintext` into the outgoing ciphertext. Only after the handshake, before `sendCloseNotify()`.
    public func write(_ plaintext: UnsafeRawBufferPointer) throws(TLSError) {
        if let failure { throw failure }
        guard !plaintext.isEmpty else { return }
        ErrorQueue.clear()
        var count = 0
        guard SSL_write_ex(connection, plaintext.baseAddress, plaintext.count, &count) == 1, count == plaintext.count
        else { throw fail(.record, "writing to \(peerName) over TLS failed") }
    }

    /// Writes two buffers that share a record if they fit one: a head and the first bytes of its body.
    public func write(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) throws(TLSError) {
        guard !first.isEmpty, !second.isEmpty, first.count < Self.largestRecord else {
            try write(first)
            return try write(second)
        }
        let joined = min(first.count + second.count, Self.largestRecord)
        if let rooms {
            rooms.record.copyMemory(from: first)
            let head = UnsafeRawBufferPointer(rebasing: second[..<(joined - first.count)])
            UnsafeMutableRawBufferPointer(rebasing: rooms.record[first.count...]).copyMemory(from: head)
            try write(UnsafeRawBufferPointer(rebasing: rooms.record[..<joined]))
            return try write(UnsafeRawBufferPointer(rebasing: second[(joined - first.count)...]))
        }
        let result = withUnsafeTemporaryAllocation(byteCount: joined, alignment: 16) {
            record -> Result<Void, TLSError> in
            record.copyMemory(from: first)
            let head = UnsafeRawBufferPointer(rebasing: second[..<(joined - first.count)])
            UnsafeMutableRawBufferPointer(rebasing: record[first.count...]).copyMemory(from: head)
            return Result { () throws(TLSError) in try write(UnsafeRawBufferPointer(record)) }
        }
        try result.get()
        try write(UnsafeRawBufferPointer(rebasing: second[(joined - first.count)...]))
    }

    /// Half-closes our direction; idempotent. The alert is then part of the outgoing ciphertext.
    public func sendCloseNotify() {
        guard failure == nil, !hasSentCloseNotify, isHandshakeFinished else { return }
        hasSentCloseNotify = true
        ErrorQueue.clear()
        SSL_shutdown(connection)
        ErrorQueue.clear()
    }

    private func fail(_ code: TLSError.Code, _ what: String) -> TLSError {
        let verdict = SSL_get_verify_result(connection)
        let reason = ErrorQueue.reason(of: ERR_peek_error())
        let error: TLSError
        if verdict != Int(X509_V_OK), reason == SSL_R_CERTIFICATE_VERIFY_FAILED {
            let why = X509_verify_cert_error_string(verdict).map { String(cString: $0) } ?? "error \(verdict)"
            error = TLSError(.untrustedPeer, "\(what): the certificate of \(peerName) was refused: \(why)")
        } else if reason == SSL_R_UNEXPECTED_EOF_WHILE_READING {
            error = TLSError(.truncated, "\(what): the connection ended without close_notify")
        } else {
            error = ErrorQueue.failure(code, what)
        }
        ErrorQueue.clear()
        failure = error
        return error
    }
}
