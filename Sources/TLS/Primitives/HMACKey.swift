import COpenSSL

/// An HMAC-SHA256 key (RFC 2104). Any thread.
public struct HMACKey: Sendable {
    private let template: KeyedContext

    /// - Parameter bytes: the secret; any length, preferably 32 random bytes.
    public init(bytes: some ByteSpan) {
        template = KeyedContext(key: bytes)
    }

    /// The 32-byte code which proves that the author of `message` holds the key.
    public func authenticationCode(for message: some ByteSpan) -> [UInt8] {
        template.authenticationCode(for: message)
    }

    /// Whether `code` is the authentication code of `message`, compared in constant time.
    public func isValid(_ code: some ByteSpan, for message: some ByteSpan) -> Bool {
        constantTimeEqual(authenticationCode(for: message), code)
    }
}

/// Owns one `EVP_MAC_CTX` that holds the key; freed with it.
///
/// `@unchecked Sendable` because the context is only read after `init`: every computation works on a duplicate, and
/// `EVP_MAC_CTX_dup` takes its source as `const`.
private final class KeyedContext: @unchecked Sendable {
    private let context: OpaquePointer

    init(key: some ByteSpan) {
        guard let algorithm = EVP_MAC_fetch(nil, "HMAC", nil), let context = EVP_MAC_CTX_new(algorithm) else {
            fatalError("OpenSSL offers no HMAC: \(ErrorQueue.takeReasons())")
        }
        EVP_MAC_free(algorithm)
        self.context = context
        // The parameters only point to their names: both must stay alive until they have been read.
        let done = "digest".withCString { parameterName in
            var digestName = Array("SHA256".utf8CString)
            return digestName.withUnsafeMutableBufferPointer { digestName in
                let parameters = [
                    OSSL_PARAM_construct_utf8_string(parameterName, digestName.baseAddress, 0),
                    OSSL_PARAM_construct_end(),
                ]
                return Self.start(context, key: key, parameters)
            }
        }
        precondition(done == 1, "HMAC-SHA256 could not be started: \(ErrorQueue.takeReasons())")
    }

    deinit { EVP_MAC_CTX_free(context) }

    private static func start(
        _ context: OpaquePointer, key: some ByteSpan, _ parameters: [OSSL_PARAM]
    ) -> Int32 {
        key.withByteSpan { key in
            // An empty key has no address, and OpenSSL takes a null address to mean "no key yet".
            var nothing: UInt8 = 0
            return withUnsafePointer(to: &nothing) { nothing in
                let bytes = key.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? nothing
                return EVP_MAC_init(context, bytes, key.count, parameters)
            }
        }
    }

    func authenticationCode(for message: some ByteSpan) -> [UInt8] {
        guard let work = EVP_MAC_CTX_dup(context) else { fatalError("HMAC-SHA256 failed: out of memory") }
        defer { EVP_MAC_CTX_free(work) }
        return [UInt8](unsafeUninitializedCapacity: 32) { output, count in
            let updated = message.withByteSpan { bytes in
                bytes.isEmpty
                    ? 1 : EVP_MAC_update(work, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
            }
            let done = EVP_MAC_final(work, output.baseAddress, &count, 32)
            precondition(updated == 1 && done == 1 && count == 32, "HMAC-SHA256 failed: out of memory")
        }
    }
}
