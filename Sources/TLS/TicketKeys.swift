import COpenSSL
import Glibc
import Synchronization

/// The keys that seal TLS session tickets (RFC 5077; RFC 8446, section 4.6.1): a client that comes back shows its ticket
/// and spares both sides the certificate and the signature.
///
/// Shared by all loops, so that a client is known on whichever it comes. A key seals for a while and then only opens, so
/// that nobody who gets hold of one can open what is older. They are in memory alone, and made anew with the process.
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
            name = SecureRandom.bytes(16)
            cipher = SecureRandom.bytes(32)
            code = SecureRandom.bytes(32)
            madeAt = now
        }
    }

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
