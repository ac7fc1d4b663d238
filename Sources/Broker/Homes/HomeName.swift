import TLS

/// A learner's identifier as one path component or volume name: no separator, no dot at the start, no surprise, and
/// two learners never share one.
enum HomeName {
    /// Longer encodings are cut and told apart by a digest; file systems take 255 bytes.
    static let lengthMaximum = 100

    /// Letters, digits and `-` stay; every other byte of the UTF-8 becomes `_` and two hexadecimal digits.
    static func encode(_ identifier: String) -> String {
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

    /// Another name for the same learner, which is nobody else's in whatever case: where the file system ignores case, and
    /// the name that `encode` gives is taken.
    static func distinct(_ identifier: String) -> String { withDigest(encode(identifier).lowercased(), identifier) }

    /// `__` occurs in no short encoding, so a name with a digest never equals a whole one.
    private static func withDigest(_ name: String, _ identifier: String) -> String {
        name.prefix(lengthMaximum - 34) + "__" + SHA256.digest(Array(identifier.utf8)).hex.prefix(32)
    }
}
