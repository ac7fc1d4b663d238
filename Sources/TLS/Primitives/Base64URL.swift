/// Base 64 with the URL alphabet and without padding (RFC 4648 section 5).
///
/// Decoding is strict: each value has exactly one encoding, so a signed text cannot be altered without changing its
/// value.
public enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xff, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()

    public static func encode(_ bytes: some ByteSpan) -> String {
        bytes.withByteSpan { bytes in
            var output: [UInt8] = []
            output.reserveCapacity((bytes.count * 4 + 2) / 3)
            var index = 0
            while index < bytes.count {
                let left = min(3, bytes.count - index)
                var group = UInt32(bytes[index]) << 16
                if left > 1 { group |= UInt32(bytes[index + 1]) << 8 }
                if left > 2 { group |= UInt32(bytes[index + 2]) }
                for letter in 0...left { output.append(alphabet[Int(group >> (18 - 6 * UInt32(letter))) & 63]) }
                index += 3
            }
            return String(decoding: output, as: UTF8.self)
        }
    }

    /// `nil` for a character outside the alphabet (including padding and white space), an impossible length, or unused
    /// bits set.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count * 3 / 4)
        var group: UInt32 = 0
        var bits = 0
        for letter in text.utf8 {
            let value = values[Int(letter)]
            guard value != 0xff else { return nil }
            group = group << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
                group &= (1 << UInt32(bits)) - 1
            }
        }
        return bits < 6 && group == 0 ? output : nil
    }
}
