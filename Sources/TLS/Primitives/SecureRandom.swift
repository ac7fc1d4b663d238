import COpenSSL

/// Cryptographically secure randomness from OpenSSL's generator (seeded by the kernel). Any thread.
public enum SecureRandom {
    /// `count` random bytes. Traps if the generator fails, because nothing is secure without it.
    public static func bytes(_ count: Int) -> [UInt8] {
        precondition(count >= 0, "a count of bytes is not negative")
        return [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
            precondition(
                count == 0 || RAND_bytes(output.baseAddress, Int32(count)) == 1, "the machine gives no randomness")
            initialized = count
        }
    }

    /// `length` characters of `a–z2–7`, five random bits each: valid in a DNS label; 26 of them hold 130 bits.
    public static func slug(length: Int) -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        return String(decoding: bytes(length).map { alphabet[Int($0 & 31)] }, as: UTF8.self)
    }
}
