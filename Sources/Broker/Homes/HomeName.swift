import TLS

/// Encodes a learner's identifier as one path component or volume name, without separators or a leading dot. Two
/// learners never share a name.
public enum HomeName {
    /// Longer encodings are truncated and made unique by a digest; file systems allow 255 bytes.
    static let lengthMaximum = 100

    /// Keeps letters, digits and `-`; every other byte of the UTF-8 becomes `_` and two hexadecimal digits.
    public static func encode(_ identifier: String) -> String {
        var name = ""
        for byte in identifier.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16)
                name += hex.count == 1 ? "_0\(hex)" : "_\(hex)"
            }
        }
        return name.utf8.count > lengthMaximum ? withDigest(name, identifier) : name
    }

    /// An alternative name for the same learner that is unique even ignoring case. Used if the file system ignores case
    /// and the name from `encode` is taken.
    static func distinct(_ identifier: String) -> String { withDigest(encode(identifier).lowercased(), identifier) }

    /// `__` occurs in no short encoding, so a name with a digest never equals one without.
    private static func withDigest(_ name: String, _ identifier: String) -> String {
        name.prefix(lengthMaximum - 34) + "__" + SHA256.digest(Array(identifier.utf8)).hex.prefix(32)
    }
}
