import COpenSSL

/// SHA-256 of bytes that arrive in pieces: what a test sends and receives is too much to keep. Confined to its owner.
///
/// Owns its `EVP_MD_CTX`, which is freed with it.
final class SHA256Hasher {
    private let context: OpaquePointer

    init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex2(context, EVP_sha256(), nil) == 1 else {
            fatalError("SHA-256 could not be started: out of memory")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: UnsafeRawBufferPointer) {
        precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1, "SHA-256 failed: out of memory")
    }

    func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The hexadecimal digest of everything since the start or the last `finish()`; then it starts again.
    func finish() -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        let done = EVP_DigestFinal_ex(context, &digest, nil)
        precondition(done == 1 && EVP_DigestInit_ex2(context, EVP_sha256(), nil) == 1, "SHA-256 failed")
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
