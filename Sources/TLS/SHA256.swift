import COpenSSL

/// SHA-256 (FIPS 180-4). The algorithm is fetched once: OpenSSL 3 takes locks and searches at every late fetch.
public enum SHA256 {
    /// Owned by the process for its whole life; immutable after the fetch, which is what OpenSSL allows any thread to use.
    nonisolated(unsafe) static let algorithm: OpaquePointer = {
        guard let algorithm = EVP_MD_fetch(nil, "SHA256", nil) else {
            fatalError("OpenSSL offers no SHA-256: \(ErrorQueue.takeReasons())")
        }
        return algorithm
    }()

    /// The digest of `bytes`. Any thread.
    public static func digest(_ bytes: some ByteSpan) -> Digest32 {
        bytes.withByteSpan { input in
            var digest = Digest32()
            withUnsafeMutableBytes(of: &digest) { output in
                let done = EVP_Digest(
                    input.baseAddress, input.count, output.baseAddress?.assumingMemoryBound(to: UInt8.self), nil,
                    algorithm, nil)
                precondition(done == 1, "SHA-256 failed: out of memory")
            }
            return digest
        }
    }

    /// The digest of a text's UTF-8.
    public static func digest(_ text: String) -> Digest32 { digest(text.utf8) }
}

/// SHA-256 of bytes that come in pieces. Confined to its owner.
///
/// Owns its `EVP_MD_CTX`, which is freed with it and can be used again after `finish()` without an allocation.
public final class SHA256Hasher {
    private let context: OpaquePointer

    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex2(context, SHA256.algorithm, nil) == 1 else {
            fatalError("SHA-256 could not be started: out of memory")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    public func update(_ bytes: some ByteSpan) {
        let done = bytes.withByteSpan { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        precondition(done == 1, "SHA-256 failed: out of memory")
    }

    /// The digest of everything since the start or the last `finish()`; then it starts anew.
    public func finish() -> Digest32 {
        var digest = Digest32()
        withUnsafeMutableBytes(of: &digest) { output in
            let done = EVP_DigestFinal_ex(context, output.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
            precondition(done == 1 && EVP_DigestInit_ex2(context, SHA256.algorithm, nil) == 1, "SHA-256 failed")
        }
        return digest
    }
}

/// Thirty-two bytes, as SHA-256 gives them; a value without a heap allocation, fit to be a dictionary's key.
public struct Digest32: Hashable, Sendable, CustomStringConvertible {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init() {}

    /// `nil` unless `bytes` are exactly 32.
    public init?(_ bytes: some ByteSpan) {
        let fits = bytes.withByteSpan { source in
            guard source.count == 32 else { return false }
            withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: source) }
            return true
        }
        guard fits else { return nil }
    }

    public static func == (left: Digest32, right: Digest32) -> Bool {
        left.words.0 == right.words.0 && left.words.1 == right.words.1
            && left.words.2 == right.words.2 && left.words.3 == right.words.3
    }

    public func hash(into hasher: inout Hasher) {
        withUnsafeBytes(of: words) { hasher.combine(bytes: $0) }
    }

    public var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { Hex.encode(bytes) }

    public var description: String { hex }
}

extension Digest32: ByteSpan {
    public func withByteSpan<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R { withUnsafeBytes(of: words, body) }
}

enum Hex {
    static func encode(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: bytes.count * 2) { output in
            for (index, byte) in bytes.enumerated() {
                output[index * 2] = digits[Int(byte >> 4)]
                output[index * 2 + 1] = digits[Int(byte & 15)]
            }
            return bytes.count * 2
        }
    }
}
