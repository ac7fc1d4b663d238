import Mustache

/// Escapes text for HTML, scalar by scalar.
///
/// The template engine's own escaping works on characters: a quotation mark followed by a combining accent is one
/// character, which it does not escape, and ends an attribute. A learner's name could contain that.
struct HTMLText: MustacheContentType {
    /// The name by which templates select this escaping in their first tag.
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
