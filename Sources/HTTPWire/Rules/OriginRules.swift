/// Decides whether a request comes from a page of the same origin, and what other origins may request.
public enum OriginRules {
    /// Whether to serve a request that changes something or opens a WebSocket.
    ///
    /// Both fields that browsers send for this purpose are checked, and each one that is present must agree.
    ///
    /// - Every `Sec-Fetch-Site` line must be `same-origin`. `Sec-Fetch-Mode` says nothing about the site.
    /// - `Origin` must occur at most once, and equal the scheme, host and port of this request; `null` is foreign.
    /// - With neither field the request is allowed: every browser sends Origin with a WebSocket and with every method
    ///   except GET and HEAD, and clients other than browsers do not carry another user's cookies.
    ///
    /// - Parameter scheme: `https` or `http`, as the client reached the edge.
    public static func isSameOrigin(_ fields: HeaderFields, scheme: StaticString) -> Bool {
        var isForeign = false
        fields.forEachValue(of: "Sec-Fetch-Site") { if !$0.equals("same-origin") { isForeign = true } }
        return !isForeign && hasNoForeignOrigin(fields, scheme: scheme)
    }

    /// Whether to serve a request that changes nothing. A page of another origin may navigate here (`Sec-Fetch-Mode:
    /// navigate`), but may not embed a response as a script, an image or data; `Sec-Fetch-Site: none` is a navigation
    /// by the user. With none of the fields the request is allowed, as above.
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

    /// The kind of page that embeds the response.
    public enum ForeignFrame: Sendable, Equatable {
        /// A page of another origin on the same site.
        case sameSite
        /// A page of another site, or of an opaque origin, such as a sandboxed frame.
        case crossSite
    }

    /// Whether a page of another origin embeds this as a frame, an `object` or an `embed` (Fetch Metadata, sections 2.1
    /// and 2.3). `nil` for a top-level page, for a page of the same origin, and where the browser says neither.
    public static func foreignFrame(_ fields: HeaderFields) -> ForeignFrame? {
        var frame: ForeignFrame?
        fields.forEachValue(of: "Sec-Fetch-Site") { site in
            if site.equals("same-site") {
                frame = .sameSite
            } else if frame == nil, site.equals("cross-site") {
                frame = .crossSite
            }
        }
        if frame == nil { return nil }
        var isWithin = false
        fields.forEachValue(of: "Sec-Fetch-Dest") { if !$0.equals("document") { isWithin = true } }
        return isWithin ? frame : nil
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
