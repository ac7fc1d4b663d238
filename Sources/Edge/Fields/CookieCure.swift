import HTTPWire
import TLS

/// How a browser is rid of cookies that are more than the edge reads.
///
/// A program in a lab can set cookies for the whole labs' domain, in its page and without the edge. Once they are over
/// `header_size`, every lab of that browser would be refused until they run out. So the answer expires those that came, by
/// name, for this hostname and for the domain above it, at the root and at the paths above the one that was asked for. A
/// cookie of a domain further up is not met by that: if they are still too many the next time, the browser is told to
/// clear all cookies (Clear Site Data, section 3.1). That reaches every hostname of the site, other labs and the school's
/// own pages under the same registrable domain included, so it is not done first, and only where a person opens a page: a
/// lab's page may bring about any other request.
enum CookieCure {
    /// The name of the cookie that says that the first way was tried. A new one in each process, which no program in a lab
    /// learns: otherwise its page could set the cookie, and have everything cleared at once.
    static let mark = "__Host-carrel-cured-\(SecureRandom.slug(length: 20))"
    private static let markSeconds = 600
    /// Bytes of fields that expire cookies: with the rest of the head they must fit into what clients read.
    static let fieldBytes = 32 * 1024
    /// Paths besides the root.
    static let pathCount = 8

    /// - Parameters:
    ///   - host: the request's, without port; without it, only what holds for every host is said.
    ///   - path: the request's, without query.
    ///   - isByPerson: a person opens a page with the request.
    static func fields(
        for cookies: SurplusCookies, host: String?, path: ArraySlice<UInt8>, isByPerson: Bool
    ) -> HeaderFields {
        if isByPerson, cookies.contains(mark) { return ["Clear-Site-Data": "\"cookies\""] }
        var fields: HeaderFields = [:]
        fields.append("Set-Cookie", "\(mark)=1; Path=/; Secure; HttpOnly; Max-Age=\(markSeconds)")
        let domain = host.flatMap(parent)
        var names: [(text: String, isForHost: Bool)] = []
        cookies.forEachName { name in
            let name = String(decoding: name, as: UTF8.self)
            // Our own are few, and what they open would be shut.
            if name.lowercased().hasPrefix(Edge.cookieName.lowercased()) { return }
            names.append((name, name.lowercased().hasPrefix("__host-")))
        }
        var bytes = 0
        // The root of all names comes first, where there is not room for everything.
        for path in ["/"] + paths(above: path) {
            // A cookie with that prefix is for the root of one host.
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

    /// The paths, but for the root, whose cookies come with a request for this one (RFC 6265, section 5.1.4), the shortest
    /// first: `/a`, `/a/` and `/a/b` for `/a/b`. None that could not stand in an attribute as it is.
    private static func paths(above path: ArraySlice<UInt8>) -> [String] {
        guard path.first == UInt8(ascii: "/") else { return [] }
        var paths: [String] = []
        var text: [UInt8] = []
        for byte in path {
            guard byte > 0x20, byte < 0x7F, byte != UInt8(ascii: ";"), paths.count < pathCount else {
                return Array(paths.prefix(pathCount))
            }
            // A path ends before a slash and behind it; nothing is before the first one, and behind it is the root.
            if byte == UInt8(ascii: "/"), text.count > 1, text.last != byte {
                paths.append(String(decoding: text, as: UTF8.self))
            }
            text.append(byte)
            if byte == UInt8(ascii: "/"), text.count > 1 { paths.append(String(decoding: text, as: UTF8.self)) }
        }
        if text.last != UInt8(ascii: "/") { paths.append(String(decoding: text, as: UTF8.self)) }
        return Array(paths.prefix(pathCount))
    }

    /// The domain above a hostname; none where that is a top level, or the host is an address.
    private static func parent(of host: String) -> String? {
        guard let dot = host.firstIndex(of: "."), host.last?.isLetter == true else { return nil }
        let parent = host[host.index(after: dot)...]
        return parent.contains(".") ? String(parent) : nil
    }
}
