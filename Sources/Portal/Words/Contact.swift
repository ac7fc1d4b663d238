/// The contact for learners when they cannot fix something themselves, from the configuration's `portal.contact`.
public struct Contact: Hashable, Sendable {
    /// The text that learners read.
    public var text: String
    /// The link's target; `nil` if there is only text.
    public var target: String?

    /// - Parameter text: a mail address, an https address, or any other line of text.
    /// - Returns: `nil` if it is none of these: empty, longer than `PortalLimits.contactCharacters`, or with invisible
    ///   characters.
    public init?(_ text: String) {
        guard !text.isEmpty, text.count <= PortalLimits.contactCharacters, text == text.trimmed,
            !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { return nil }
        self.text = text
        if text.hasPrefix("https://"), text.count > "https://".count, !text.contains(" ") {
            target = text
        } else if Self.isMailAddress(text) {
            target = "mailto:" + text
        } else if text.contains("://") || text.lowercased().hasPrefix("mailto:")
            || text.lowercased().hasPrefix("javascript:")
        {
            return nil
        }
    }

    /// A local part and a domain of letters, digits and the usual punctuation; anything more exotic is shown as text.
    private static func isMailAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].contains("."), !parts[1].hasPrefix("."), !parts[1].hasSuffix(".") else {
            return false
        }
        return parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber
                        || "._+-".utf8.contains(byte)
                }
        } && text.utf8.allSatisfy { $0 < 0x80 }
    }
}

extension String {
    fileprivate var trimmed: String {
        let isSpace: (Character) -> Bool = { $0 == " " }
        return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
