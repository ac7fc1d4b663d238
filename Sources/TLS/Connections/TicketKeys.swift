import COpenSSL
import Glibc
import Synchronization

/// The keys that seal TLS session tickets (RFC 5077; RFC 8446, section 4.6.1): a client that comes back shows its ticket
/// and spares both sides the certificate and the signature.
///
/// Shared by all loops, so that a client is known on whichever it comes. A key seals for a while and then only opens, so
/// that nobody who gets hold of one can open what is older. They are in memory alone, and made anew with the process,
/// unless the process before it hands on its own.
///
/// Any thread: a handshake looks, and whoever finds the newest key too old adds the next one.
public final class TicketKeys: Sendable {
    /// Seconds for which a key seals.
    public static let sealingSeconds: Int64 = 2 * 3600
    /// Seconds after which a key opens nothing any more: every ticket has lived its time by then.
    public static let openingSeconds: Int64 = sealingSeconds + ticketSeconds
    /// Seconds for which a ticket is good.
    public static let ticketSeconds: Int64 = 2 * 3600

    struct Key: Sendable {
        /// Stands in the ticket, so that the right key is found.
        let name: [UInt8]
        /// For AES-256-CBC.
        let cipher: [UInt8]
        /// For HMAC-SHA256.
        let code: [UInt8]
        /// Seconds of the clock.
        let madeAt: Int64

        init(at now: Int64) {
            name = SecureRandom.bytes(TicketKeys.nameBytes)
            cipher = SecureRandom.bytes(TicketKeys.secretBytes)
            code = SecureRandom.bytes(TicketKeys.secretBytes)
            madeAt = now
        }

        /// Read back from what `TicketKeys.exported()` wrote.
        fileprivate init(_ bytes: ArraySlice<UInt8>, at now: Int64) {
            var rest = bytes
            func take(_ count: Int) -> ArraySlice<UInt8> {
                defer { rest = rest.dropFirst(count) }
                return rest.prefix(count)
            }
            name = Array(take(TicketKeys.nameBytes))
            cipher = Array(take(TicketKeys.secretBytes))
            code = Array(take(TicketKeys.secretBytes))
            madeAt = now - Int64(take(4).reduce(0) { $0 << 8 | UInt32($1) })
        }

        fileprivate func write(into bytes: inout [UInt8], at now: Int64) {
            bytes += name
            bytes += cipher
            bytes += code
            let age = UInt32(clamping: now - madeAt)
            bytes += (0..<4).map { UInt8(truncatingIfNeeded: age >> (24 - 8 * $0)) }
        }
    }

    private static let nameBytes = 16
    private static let secretBytes = 32
    /// Name, two secrets, and the age in seconds.
    private static let exportedBytes = nameBytes + 2 * secretBytes + 4

    private let clock: @Sendable () -> Int64
    /// Newest first.
    private let keys: Mutex<[Key]>

    /// - Parameter clock: seconds since an arbitrary start; never goes back.
    public init(clock: @escaping @Sendable () -> Int64 = TicketKeys.monotonicSeconds) {
        self.clock = clock
        keys = Mutex([Key(at: clock())])
    }

    /// The machine's clock, which goes on while it sleeps.
    @Sendable public static func monotonicSeconds() -> Int64 {
        var moment = timespec()
        clock_gettime(CLOCK_BOOTTIME, &moment)
        return Int64(moment.tv_sec)
    }

    /// The key for a new ticket.
    func sealing() -> Key {
        let now = clock()
        return keys.withLock { keys in
            if now - keys[0].madeAt >= Self.sealingSeconds {
                keys.removeAll { now - $0.madeAt >= Self.openingSeconds }
                keys.insert(Key(at: now), at: 0)
            }
            return keys[0]
        }
    }

    /// The key of that name, and whether the client is to get a ticket of a newer one.
    func opening(_ name: UnsafeBufferPointer<UInt8>) -> (key: Key, isOld: Bool)? {
        let now = clock()
        return keys.withLock { keys in
            guard let key = keys.first(where: { $0.name.elementsEqual(name) }),
                now - key.madeAt < Self.openingSeconds
            else { return nil }
            return (key, now - key.madeAt >= Self.sealingSeconds)
        }
    }

    /// The keys, for the process that takes over from this one: secrets, for no file and no log.
    public func exported() -> [UInt8] {
        let now = clock()
        return keys.withLock { keys in
            keys.reduce(into: []) { bytes, key in key.write(into: &bytes, at: now) }
        }
    }

    /// Takes the keys of another process instead of its own, with their ages; what is not such keys changes nothing.
    public func adopt(_ exported: [UInt8]) {
        let now = clock()
        guard !exported.isEmpty, exported.count.isMultiple(of: Self.exportedBytes) else { return }
        let adopted = stride(from: 0, to: exported.count, by: Self.exportedBytes)
            .map { Key(exported[$0..<$0 + Self.exportedBytes], at: now) }
            .sorted { $0.madeAt > $1.madeAt }
        keys.withLock { $0 = adopted }
    }

    /// How many are held: the limit is what opening and sealing times make of it.
    var count: Int { keys.withLock { $0.count } }
}

// What OpenSSL asks for at each ticket.
extension TicketKeys {
    /// Fetched once: a late fetch at each handshake would take OpenSSL's global locks.
    nonisolated(unsafe) private static let cipher: OpaquePointer = {
        guard let cipher = EVP_CIPHER_fetch(nil, "AES-256-CBC", nil) else {
            fatalError("OpenSSL offers no AES: \(ErrorQueue.takeReasons())")
        }
        return cipher
    }()

    /// Makes a context's tickets with these keys. The context's owner is its application data and outlives it.
    static func install(in context: OpaquePointer) {
        SSL_CTX_set_timeout(context, Int(ticketSeconds))
        SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { connection, name, vector, cipher, code, isSealing in
            guard let connection, let name, let vector,
                let owner = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), 0)
            else { return -1 }
            let keys = Unmanaged<TLSServerContext>.fromOpaque(owner).takeUnretainedValue().tickets
            if isSealing == 1 { return keys.seal(name, vector, cipher, code) }
            let opened = keys.open(name, vector, cipher, code)
            // TLS 1.3 clients use a ticket once (RFC 8446, appendix C.4), so that each brings the next.
            return opened == 1 && SSL_version(connection) == TLS1_3_VERSION ? 2 : opened
        }
    }

    /// 1: sealed; −1: the handshake fails.
    private func seal(
        _ name: UnsafeMutablePointer<UInt8>, _ vector: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer?,
        _ code: OpaquePointer?
    ) -> Int32 {
        let key = sealing()
        for (index, byte) in key.name.enumerated() { name[index] = byte }
        guard RAND_bytes(vector, EVP_CIPHER_get_iv_length(Self.cipher)) == 1,
            EVP_EncryptInit_ex(cipher, Self.cipher, nil, key.cipher, vector) == 1
        else { return -1 }
        return Self.start(code, key) ? 1 : -1
    }

    /// 0: not ours, or too old: a full handshake; 1: good; 2: good, and a new ticket is due.
    private func open(
        _ name: UnsafeMutablePointer<UInt8>, _ vector: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer?,
        _ code: OpaquePointer?
    ) -> Int32 {
        guard let (key, isOld) = opening(UnsafeBufferPointer(start: name, count: 16)) else { return 0 }
        guard EVP_DecryptInit_ex(cipher, Self.cipher, nil, key.cipher, vector) == 1, Self.start(code, key) else {
            return -1
        }
        return isOld ? 2 : 1
    }

    private static func start(_ code: OpaquePointer?, _ key: Key) -> Bool {
        var secret = key.code
        var digest = Array("SHA256".utf8CString)
        return "key".withCString { keyName in
            "digest".withCString { digestName in
                secret.withUnsafeMutableBytes { secret in
                    digest.withUnsafeMutableBufferPointer { digest in
                        let parameters = [
                            OSSL_PARAM_construct_octet_string(keyName, secret.baseAddress, secret.count),
                            OSSL_PARAM_construct_utf8_string(digestName, digest.baseAddress, 0),
                            OSSL_PARAM_construct_end(),
                        ]
                        return EVP_MAC_CTX_set_params(code, parameters) == 1
                    }
                }
            }
        }
    }
}
