import COpenSSL
import Glibc
import Synchronization

/// The keys that seal TLS session tickets (RFC 5077; RFC 8446, section 4.6.1): a returning client presents its ticket
/// and saves both sides the certificate and the signature.
///
/// Shared by all loops, so that a client can resume on any of them. A key seals for a while and then only opens, so
/// that an attacker who obtains one cannot open older tickets. The keys exist only in memory and are generated when the
/// process starts, unless its predecessor hands over its own.
///
/// Any thread: a handshake reads the keys, and adds the next one if the newest is too old.
public final class TicketKeys: Sendable {
    /// Seconds for which a key seals new tickets.
    public static let sealingSeconds: Int64 = 2 * 3600
    /// Seconds after which a key no longer opens tickets: all tickets that it sealed have expired by then.
    public static let openingSeconds: Int64 = sealingSeconds + ticketSeconds
    /// Lifetime of a ticket in seconds.
    public static let ticketSeconds: Int64 = 2 * 3600

    struct Key: Sendable {
        /// Part of the ticket, so that the matching key can be found.
        let name: [UInt8]
        /// For AES-256-CBC.
        let cipher: [UInt8]
        /// For HMAC-SHA256.
        let code: [UInt8]
        /// The time of creation, in seconds of the clock.
        let madeAt: Int64

        init(at now: Int64) {
            name = SecureRandom.bytes(TicketKeys.nameBytes)
            cipher = SecureRandom.bytes(TicketKeys.secretBytes)
            code = SecureRandom.bytes(TicketKeys.secretBytes)
            madeAt = now
        }

        /// Decodes a key from the output of `TicketKeys.exported()`.
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
    /// Name, two secrets, and the age in seconds, as a number of bytes.
    private static let exportedBytes = nameBytes + 2 * secretBytes + 4

    private let clock: @Sendable () -> Int64
    /// Newest first.
    private let keys: Mutex<[Key]>

    /// - Parameter clock: seconds since an arbitrary start; never goes back.
    public init(clock: @escaping @Sendable () -> Int64 = TicketKeys.monotonicSeconds) {
        self.clock = clock
        keys = Mutex([Key(at: clock())])
    }

    /// The machine's monotonic clock, which also runs while the machine is suspended.
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

    /// The key with that name, and whether the client should get a new ticket under a newer key.
    func opening(_ name: UnsafeBufferPointer<UInt8>) -> (key: Key, isOld: Bool)? {
        let now = clock()
        return keys.withLock { keys in
            guard let key = keys.first(where: { $0.name.elementsEqual(name) }),
                now - key.madeAt < Self.openingSeconds
            else { return nil }
            return (key, now - key.madeAt >= Self.sealingSeconds)
        }
    }

    /// The keys, for the process that takes over from this one. They are secrets: never write them to a file or a log.
    public func exported() -> [UInt8] {
        let now = clock()
        return keys.withLock { keys in
            keys.reduce(into: []) { bytes, key in key.write(into: &bytes, at: now) }
        }
    }

    /// Replaces the keys with those of another process, keeping their ages; input that does not decode changes nothing.
    public func adopt(_ exported: [UInt8]) {
        let now = clock()
        guard !exported.isEmpty, exported.count.isMultiple(of: Self.exportedBytes) else { return }
        let adopted = stride(from: 0, to: exported.count, by: Self.exportedBytes)
            .map { Key(exported[$0..<$0 + Self.exportedBytes], at: now) }
            .sorted { $0.madeAt > $1.madeAt }
        keys.withLock { $0 = adopted }
    }

    /// The number of keys held, which the opening and sealing times bound.
    var count: Int { keys.withLock { $0.count } }
}

// OpenSSL's callbacks for each ticket.
extension TicketKeys {
    /// Fetched once: an implicit fetch at each handshake would take OpenSSL's global locks.
    nonisolated(unsafe) private static let cipher: OpaquePointer = {
        guard let cipher = EVP_CIPHER_fetch(nil, "AES-256-CBC", nil) else {
            fatalError("OpenSSL offers no AES: \(ErrorQueue.takeReasons())")
        }
        return cipher
    }()

    /// Makes a context seal its tickets with these keys. The context's owner is its application data and outlives it.
    static func install(in context: OpaquePointer) {
        SSL_CTX_set_timeout(context, Int(ticketSeconds))
        SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { connection, name, vector, cipher, code, isSealing in
            guard let connection, let name, let vector,
                let owner = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), 0)
            else { return -1 }
            let keys = Unmanaged<TLSServerContext>.fromOpaque(owner).takeUnretainedValue().tickets
            if isSealing == 1 { return keys.seal(name, vector, cipher, code) }
            let opened = keys.open(name, vector, cipher, code)
            // TLS 1.3 clients use a ticket only once (RFC 8446, appendix C.4), so each resumption issues the next.
            return opened == 1 && SSL_version(connection) == TLS1_3_VERSION ? 2 : opened
        }
    }

    /// Returns 1 when sealed, −1 to fail the handshake.
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

    /// Returns 0 for an unknown or expired key (full handshake), 1 for a valid ticket, 2 for a valid one that should be
    /// renewed.
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
