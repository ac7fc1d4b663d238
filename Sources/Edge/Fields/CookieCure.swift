import HTTPWire
import TLS

/// How a browser gets rid of more cookies than the edge reads.
///
/// A program in a lab can set cookies for the whole labs' domain, from its page and without the edge. Once they exceed
/// `header_size`, every lab would refuse that browser until they expire. So the answer expires the cookies that came,
/// by name, for this hostname and for its parent domain, at the root and at the paths above the requested one. That
/// does not reach a cookie of a domain further up: if the next request still has too many, the browser is told to clear
/// all cookies (Clear Site Data, section 3.1). This affects every hostname of the site, including other labs and the
/// school's own pages under the same registrable domain, so it is not done first, and only where a person opens a page:
/// a lab's page can cause any other request.
enum CookieCure {
    /// The name of the cookie that records that the first remedy was tried when a person opened a page. Each process
    /// chooses a new name, which no program in a lab learns; otherwise a lab's page could set the cookie, and have all
    /// cookies cleared at once.
    static let mark = "__Host-carrel-cured-\(SecureRandom.slug(length: 20))"
    private static let markSeconds = 600
    /// Bytes of the fields that expire cookies: with the rest of the head they must not exceed what clients read.
    static let fieldBytes = 32 * 1024
    /// Paths besides the root.
    static let pathCount = 8

    /// - Parameters:
    ///   - host: the request's, without port; if it is missing, only fields that apply to every host are sent.
    ///   - path: the request's, without query.
    ///   - isByPerson: the request opens a page for a person.
    static func fields(
        for cookies: SurplusCookies, host: String?, path: ArraySlice<UInt8>, isByPerson: Bool
    ) -> HeaderFields {
        var fields: HeaderFields = [:]
        if isByPerson {
            if cookies.contains(mark) { return ["Clear-Site-Data": "\"cookies\""] }
            fields.append("Set-Cookie", "\(mark)=1; Path=/; Secure; HttpOnly; Max-Age=\(markSeconds)")
        }
        let domain = host.flatMap(parent)
        var names: [(text: String, isForHost: Bool)] = []
        cookies.forEachName { name in
            let name = String(decoding: name, as: UTF8.self)
            // Our own cookies are few, and expiring them would take away the access that they give.
            if name.lowercased().hasPrefix(Edge.cookieName.lowercased()) { return }
            names.append((name, name.lowercased().hasPrefix("__host-")))
        }
        var bytes = 0
        // The root of every name comes first, in case there is no room for everything.
        for path in ["/"] + paths(above: path) {
            // A cookie with that prefix is always for the root of one host.
            for name in names where !name.isForHost || path == "/" {
                var values = ["\(name.text)=; Path=\(path); Secure; Max-Age=0"]
                if let domain, !name.isForHost {
                    values.append("\(name.text)=; Domain=\(domain); Path=\(path); Secure; Max-Age=0")
                }
                for value in values {
                    bytes += value.utf8.count + "Set-Cookie: ".utf8.count
                    if bytes > fieldBytes { return fields }
                    fields.append("Set-Cookie", value)
                }
            }
        }
        return fields
    }

    /// The paths, except the root, whose cookies are sent with a request for this one (RFC 6265, section 5.1.4), the
    /// shortest first: `/a`, `/a/` and `/a/b` for `/a/b`. Paths that cannot stand in an attribute unescaped are left
    /// out.
    private static func paths(above path: ArraySlice<UInt8>) -> [String] {
        guard path.first == UInt8(ascii: "/") else { return [] }
        var paths: [String] = []
        var text: [UInt8] = []
        for byte in path {
            guard byte > 0x20, byte < 0x7F, byte != UInt8(ascii: ";"), paths.count < pathCount else {
                return Array(paths.prefix(pathCount))
            }
            // A path ends before a slash and after it; before the first slash there is nothing, and after it is the
            // root.
            if byte == UInt8(ascii: "/"), text.count > 1, text.last != byte {
                paths.append(String(decoding: text, as: UTF8.self))
            }
            text.append(byte)
            if byte == UInt8(ascii: "/"), text.count > 1 { paths.append(String(decoding: text, as: UTF8.self)) }
        }
        if text.last != UInt8(ascii: "/") { paths.append(String(decoding: text, as: UTF8.self)) }
        return Array(paths.prefix(pathCount))
    }

    /// The parent domain of a hostname; `nil` if that is a top-level domain, or if the host is an IP address.
    private static func parent(of host: String) -> String? {
        guard let dot = host.firstIndex(of: "."), host.last?.isLetter == true else { return nil }
        let parent = host[host.index(after: dot)...]
        return parent.contains(".") ? String(parent) : nil
    }
}
