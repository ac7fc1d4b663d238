import Mustache

/// Escapes text for HTML, scalar by scalar.
///
/// The engine's own escaping looks at characters: a quotation mark that is followed by a combining accent is one
/// character with it, is passed as it is, and ends an attribute. A learner's name could be made of that.
struct HTMLText: MustacheContentType {
    /// The name under which templates choose it in their first tag.
    static let name = "CARREL-HTML"

    func escapeText(_ text: String) -> String {
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): escaped += "&amp;".utf8
            case UInt8(ascii: "<"): escaped += "&lt;".utf8
            case UInt8(ascii: ">"): escaped += "&gt;".utf8
            case UInt8(ascii: "\""): escaped += "&quot;".utf8
            case UInt8(ascii: "'"): escaped += "&#39;".utf8
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}
