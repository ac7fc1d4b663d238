/// Whether a request comes from a page of the same origin, and what the others may have.
public enum OriginRules {
    /// Whether a request that changes something, or opens a WebSocket, may be answered.
    ///
    /// Both fields that browsers send about this are looked at, and each that is there must agree.
    ///
    /// - `Sec-Fetch-Site` must be `same-origin` in every line of it. `Sec-Fetch-Mode` says nothing about the site.
    /// - `Origin` must be there at most once, and be exactly the scheme, host and port of this request; `null` is foreign.
    /// - With neither field the request is let through: every browser sends Origin with a WebSocket and with every method
    ///   but GET and HEAD, and what is no browser does not carry somebody else's cookies.
    ///
    /// - Parameter scheme: `https` or `http`, as the client reached the edge.
    public static func isSameOrigin(_ fields: HeaderFields, scheme: StaticString) -> Bool {
        var isForeign = false
        fields.forEachValue(of: "Sec-Fetch-Site") { if !$0.equals("same-origin") { isForeign = true } }
        return !isForeign && hasNoForeignOrigin(fields, scheme: scheme)
    }

    /// Whether a request that changes nothing may be answered. A page of another origin may lead here (`Sec-Fetch-Mode:
    /// navigate`), but not take what is here into itself as a script, an image or data; `Sec-Fetch-Site: none` is the
    /// person's own doing. With none of the fields the request is let through, as above.
    public static func mayRead(_ fields: HeaderFields, scheme: StaticString) -> Bool {
        if fields.count(of: "Sec-Fetch-Mode") == 1, fields.contains("Sec-Fetch-Mode", element: "navigate") {
            return true
        }
        var isForeign = false
        fields.forEachValue(of: "Sec-Fetch-Site") {
            if !$0.equals("same-origin"), !$0.equals("none") { isForeign = true }
        }
        return !isForeign && hasNoForeignOrigin(fields, scheme: scheme)
    }

    private static func hasNoForeignOrigin(_ fields: HeaderFields, scheme: StaticString) -> Bool {
        var isForeign = false
        var origins = 0
        fields.forEachValue(of: "Origin") { origin in
            origins += 1
            let matches = fields.withFirst("Host") { Optional(equal(origin: origin, scheme: scheme, host: $0)) }
            if matches != true { isForeign = true }
        }
        return !isForeign && origins <= 1
    }

    private static func equal(
        origin: UnsafeRawBufferPointer, scheme: StaticString, host: UnsafeRawBufferPointer
    ) -> Bool {
        let schemeCount = scheme.utf8CodeUnitCount
        guard origin.count > schemeCount + 3, origin.part(0..<schemeCount).equalsIgnoringCase(scheme),
            origin.part(schemeCount..<schemeCount + 3).equals("://")
        else { return false }
        let authority = origin.part(schemeCount + 3..<origin.count)
        guard let a = AuthorityBytes(authority), let b = AuthorityBytes(host) else { return false }
        let usual = scheme.utf8CodeUnitCount == 5 ? 443 : 80
        return (a.port ?? usual) == (b.port ?? usual)
            && authority.part(a.host).equalsIgnoringCase(host.part(b.host))
    }
}
