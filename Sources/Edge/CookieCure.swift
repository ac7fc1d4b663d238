import HTTPWire

/// How a browser is rid of cookies that are more than the edge reads.
///
/// A program in a lab can set cookies for the whole labs' domain, in its page and without the edge. Once they are over
/// `header_size`, every lab of that browser would be refused until they run out. So the answer expires those that came, by
/// name, for this hostname and for the domain above it. A cookie with a path of its own, or of a domain further up, is not
/// met by that: if they are still too many the next time, the browser is told to clear all cookies (Clear Site Data,
/// section 3.1). That reaches every hostname of the site, other labs and the school's own pages under the same registrable
/// domain included, so it is not done first.
enum CookieCure {
    /// Says that the first way was tried.
    private static let mark = "__Host-carrel-cured"
    private static let markSeconds = 600
    /// Bytes of fields that expire cookies: with the rest of the head they must fit into what clients read.
    static let fieldBytes = 32 * 1024

    /// - Parameter host: the request's, without port; without it, only what holds for every host is said.
    static func fields(for cookies: SurplusCookies, host: String?) -> HeaderFields {
        if cookies.contains(mark) { return ["Clear-Site-Data": "\"cookies\""] }
        var fields: HeaderFields = [:]
        fields.append("Set-Cookie", "\(mark)=1; Path=/; Secure; HttpOnly; Max-Age=\(markSeconds)")
        let domain = host.flatMap(parent)
        var bytes = 0
        cookies.forEachName { name in
            let name = String(decoding: name, as: UTF8.self)
            // Our own are few, and what they open would be shut.
            if name.lowercased().hasPrefix(Edge.cookieName.lowercased()) { return }
            var values = ["\(name)=; Path=/; Secure; Max-Age=0"]
            if let domain, !name.lowercased().hasPrefix("__host-") {
                values.append("\(name)=; Domain=\(domain); Path=/; Secure; Max-Age=0")
            }
            for value in values {
                bytes += value.utf8.count + "Set-Cookie: ".utf8.count
                if bytes <= fieldBytes { fields.append("Set-Cookie", value) }
            }
        }
        return fields
    }

    /// The domain above a hostname; none where that is a top level, or the host is an address.
    private static func parent(of host: String) -> String? {
        guard let dot = host.firstIndex(of: "."), host.last?.isLetter == true else { return nil }
        let parent = host[host.index(after: dot)...]
        return parent.contains(".") ? String(parent) : nil
    }
}
