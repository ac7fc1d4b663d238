import HTTPWire

/// What kind of client a request comes from, and where it may be redirected.
enum Navigation {
    /// Whether a browser indicates that it opens this as a page in front of a person (Fetch Metadata, sections 2.1 and
    /// 2.2).
    ///
    /// A click on another site, a typed address, a mail program that opens the browser, and a redirect after a form all
    /// send `navigate` and `document`, in Chromium, Firefox and Safari (since 16.4) alike. Programs that scan links in
    /// mails and chats send neither. `Sec-Fetch-User` is not required: it is missing where a page of the course
    /// redirects by a script, and requiring it would show an extra page to most of a class. None of these fields
    /// distinguishes a scanner that drives a whole browser from a person.
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

    /// Whether the request is a browser's prefetch; such a request must not change anything.
    static func isPrefetch(_ fields: HeaderFields) -> Bool {
        ["Sec-Purpose", "Purpose", "X-Moz"].contains { name in
            fields.all(name).contains { $0.lowercased().contains("prefetch") }
        }
    }

    /// The path to redirect a browser to on the same hostname: the requested one, or `/` if that could lead elsewhere.
    static func nextPath(_ wanted: String?) -> String {
        guard let wanted, wanted.utf8.count <= PortalLimits.nextPathBytes, wanted.utf8.first == UInt8(ascii: "/"),
            // Browsers read `//host` and `/\host` as another host, and drop tabs and line ends before they parse.
            wanted.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }),
            !wanted.hasPrefix("//"),
            // Our own paths: returning to one of them would be a redirect loop.
            !wanted.hasPrefix("/.carrel/"), wanted != "/.carrel"
        else { return "/" }
        return wanted
    }
}
