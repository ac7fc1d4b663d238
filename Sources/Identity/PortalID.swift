/// A portal's name: 1 to 63 lower-case letters, digits and hyphens, with a letter or a digit at either end.
///
/// It stands in links, in container labels and in the paths of home directories, so a portal keeps it for ever.
public struct PortalID: RawRepresentable, Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    /// The greatest length in bytes, that of a DNS label (RFC 1035, section 2.3.4).
    public static let longestName = 63

    public var rawValue: String

    /// Takes a name that has been checked before: from the store, or from the configuration.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// - Returns: `nil` unless the text is a portal's name. For whatever comes from outside.
    public init?(checking text: String) {
        let isName = { (byte: UInt8) in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard (1...Self.longestName).contains(text.utf8.count), text.utf8.allSatisfy(isName),
            !text.hasPrefix("-"), !text.hasSuffix("-")
        else { return nil }
        rawValue = text
    }

    public var description: String { rawValue }

    public static func < (earlier: PortalID, later: PortalID) -> Bool { earlier.rawValue < later.rawValue }
}
