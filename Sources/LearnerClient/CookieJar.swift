/// A browser's cookies, as far as a portal and its labs need them: by host, path and name, for https only.
///
/// It is as strict as browsers about `__Host-` and `Domain`, so that a cookie that a browser would reject is missing
/// here too. Expiry is ignored unless it is immediate, because a visit does not last that long.
struct CookieJar: Sendable {
    struct Cookie: Hashable, Sendable {
        var name: String
        var value: String
        /// The host that set it, or the domain whose hosts all receive it.
        var host: String
        var isForSubdomains: Bool
        var path: String
    }

    private(set) var cookies: [Cookie] = []

    /// Stores a `Set-Cookie` value; one that a browser would reject is ignored.
    mutating func set(_ header: String, from host: String) {
        let parts = header.split(separator: ";", omittingEmptySubsequences: false).map(Self.trimmed)
        guard let pair = parts.first, let equals = pair.firstIndex(of: "="), equals > pair.startIndex else { return }
        var cookie = Cookie(
            name: String(pair[..<equals]), value: String(pair[equals...].dropFirst()), host: host,
            isForSubdomains: false,
            path: "/")
        var isSecure = false
        var isOver = false
        for attribute in parts.dropFirst() {
            let sides = attribute.split(separator: "=", maxSplits: 1).map(Self.trimmed)
            let value = sides.count > 1 ? sides[1] : ""
            switch sides.first?.lowercased() {
            case "secure": isSecure = true
            case "path": if value.hasPrefix("/") { cookie.path = value }
            case "max-age": isOver = (Int(value) ?? 1) <= 0
            case "domain":
                let domain = value.hasPrefix(".") ? String(value.dropFirst()) : value
                guard host == domain || host.hasSuffix("." + domain) else { return }
                cookie.host = domain
                cookie.isForSubdomains = true
            default: break
            }
        }
        if cookie.name.hasPrefix("__Host-"), !isSecure || cookie.isForSubdomains || cookie.path != "/" { return }
        cookies.removeAll { $0.name == cookie.name && $0.host == cookie.host && $0.path == cookie.path }
        if !isOver { cookies.append(cookie) }
    }

    /// The value of `Cookie` for a request; `nil` if there is none. Longer paths come first, as in browsers.
    func header(host: String, path: String) -> String? {
        let matching = cookies.filter { cookie in
            (cookie.host == host || cookie.isForSubdomains && host.hasSuffix("." + cookie.host))
                && (path == cookie.path || cookie.path.hasSuffix("/") && path.hasPrefix(cookie.path)
                    || path.hasPrefix(cookie.path + "/"))
        }
        if matching.isEmpty { return nil }
        return matching.sorted { $0.path.count > $1.path.count }.map { "\($0.name)=\($0.value)" }.joined(
            separator: "; ")
    }

    func value(_ name: String, host: String) -> String? { cookies.first { $0.name == name && $0.host == host }?.value }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var text = Substring(text)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
