import COpenSSL

/// SHA-256 (FIPS 180-4). The algorithm is fetched once: OpenSSL 3 takes locks and searches on every implicit fetch.
public enum SHA256 {
    /// Never freed; immutable after the fetch, so OpenSSL allows any thread to use it.
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

    /// The digest of a string's UTF-8.
    public static func digest(_ text: String) -> Digest32 { digest(text.utf8) }
}

/// A 32-byte SHA-256 digest; a value without a heap allocation, suitable as a dictionary key.
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
