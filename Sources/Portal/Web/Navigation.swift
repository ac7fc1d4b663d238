import HTTPWire

/// What kind of caller a request comes from, and where it may be sent.
enum Navigation {
    /// Whether a person looks at the answer as a page.
    ///
    /// Browsers say so by `Sec-Fetch-Mode: navigate` (Fetch Metadata); older ones and programs that want pages name
    /// `text/html` in Accept.
    static func isNavigation(method: String, fields: HeaderFields) -> Bool {
        guard method == "GET" || method == "HEAD" else { return false }
        if let mode = fields.first("Sec-Fetch-Mode") { return mode == "navigate" }
        return fields.all("Accept").contains { $0.lowercased().contains("text/html") }
    }

    /// Whether the browser only guesses that somebody will want this; such a request must not change anything.
    static func isPrefetch(_ fields: HeaderFields) -> Bool {
        ["Sec-Purpose", "Purpose", "X-Moz"].contains { name in
            fields.all(name).contains { $0.lowercased().contains("prefetch") }
        }
    }

    /// The path to send a browser back to on the same hostname: the wanted one, or `/` if that could lead elsewhere.
    static func nextPath(_ wanted: String?) -> String {
        guard let wanted, wanted.utf8.count <= PortalLimits.nextPathBytes, wanted.utf8.first == UInt8(ascii: "/"),
            // Browsers read `//host` and `/\host` as another host, and drop tabs and line ends before they look.
            wanted.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }),
            !wanted.hasPrefix("//"),
            // Our own paths: coming back to one of them would go in a circle.
            !wanted.hasPrefix("/.carrel/")
        else { return "/" }
        return wanted
    }
}
