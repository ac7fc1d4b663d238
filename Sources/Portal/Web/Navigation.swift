import HTTPWire

/// What kind of caller a request comes from, and where it may be sent.
enum Navigation {
    /// Whether a browser says that it opens this as a page before somebody (Fetch Metadata, sections 2.1 and 2.2).
    ///
    /// A click on another site, an address that was typed, a mail program that opens the browser, and a redirect after a
    /// form all come with `navigate` and `document`, in Chromium, Firefox and Safari (since 16.4) alike. Programs that look
    /// at links in mails and chats send neither. `Sec-Fetch-User` is not asked for: it is missing where a page of the course
    /// leads on by a script, and would show most of a class one more page. A scanner that drives a whole browser cannot be
    /// told from a person by any of these.
    ///
    /// - Parameter framed: pages of other sites may show ours in a frame.
    static func isOpenedByBrowser(_ fields: HeaderFields, framed: Bool) -> Bool {
        guard fields.all("Sec-Fetch-Mode") == ["navigate"], !isPrefetch(fields) else { return false }
        return switch fields.all("Sec-Fetch-Dest") {
        case ["document"]: true
        case ["iframe"], ["frame"]: framed
        default: false
        }
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
            !wanted.hasPrefix("/.carrel/"), wanted != "/.carrel"
        else { return "/" }
        return wanted
    }
}
