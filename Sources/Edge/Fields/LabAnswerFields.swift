import HTTPWire

/// Which fields of a lab's answer may take effect outside the lab.
///
/// A lab's pages are the learner's program: inside its own origin, and while its pages are open, it may do what any web
/// page may. What a field does to other hostnames, to Carrel's own paths, or to the browser after the lab has gone is
/// not the lab's decision. Every field that was reviewed has its row here, even if it passes; a field without a row
/// passes.
///
/// Some of these have an equivalent in HTML, which no proxy can remove. `Refresh`, `Content-Security-Policy`,
/// `Origin-Trial` and `X-DNS-Prefetch-Control` work as `<meta http-equiv>`, and `Accept-CH` and the referrer policy as
/// `<meta name>`: each affects that one page only. A script in a page can set cookies for the whole labs' domain, which
/// `CookieCure` handles. All other dropped rows work as fields only.
enum LabAnswerFields {
    enum Verdict: Equatable, Sendable {
        case pass
        case drop
        /// Dropped, unless the upstream has a hostname of its own for which it alone speaks.
        case dropOnOurHostnames
        /// Passes after what reaches beyond the lab is removed, or its inner address is replaced: see
        /// `ResponseRewriting`.
        case narrow
        /// Dropped from the answer to a navigation, which gets one field of ours instead: see `ResponseRewriting`.
        case dropFromPages
        /// Controls who may show the lab in a frame, where the portal allows other sites: see `FramePolicy`.
        case frames
    }

    struct Row: Sendable {
        /// In lower case.
        let name: StaticString
        let verdict: Verdict
        let why: StaticString

        init(_ name: StaticString, _ verdict: Verdict, _ why: StaticString) {
            self.name = name
            self.verdict = verdict
            self.why = why
        }
    }

    static let rows: [Row] = [
        // Fields about the hostname and how to reach it.
        Row("alt-svc", .drop, "leads the browser to another server for this hostname, past the edge"),
        Row("strict-transport-security", .dropOnOurHostnames, "binds all hostnames below, for a year and longer"),
        Row("public-key-pins", .drop, "shuts the hostname, and those below, for whoever has another certificate"),
        Row("public-key-pins-report-only", .drop, "reports each visit to an address that the lab chooses"),
        Row("expect-ct", .drop, "the same, for certificates that are in no log"),
        // Fields about state that stays in the browser.
        Row("service-worker-allowed", .drop, "lets a worker see one-time codes and fake Carrel's pages"),
        Row(
            "clear-site-data", .drop,
            "\"cookies\" signs out of all labs, and of the school below the same domain"),
        Row("nel", .drop, "reports the address of each later request, one-time codes included"),
        Row("report-to", .drop, "names where NEL's reports go, for this hostname and those below"),
        Row("origin-trial", .drop, "may stay switched on for the hostname, and for those beside it"),
        Row("critical-origin-trial", .drop, "the same"),
        Row("set-login", .drop, "tells other sites, by the browser, that somebody is signed in here"),
        Row("sec-session-registration", .drop, "binds the cookies of the whole site to this browser"),
        Row("secure-session-registration", .drop, "the same, by its newer name"),
        Row("sec-session-challenge", .drop, "goes with a registration"),
        Row("secure-session-challenge", .drop, "the same, by its newer name"),
        Row("attribution-reporting-register-source", .drop, "keeps in the browser what is reported later"),
        Row("attribution-reporting-register-trigger", .drop, "the same"),
        Row("shared-storage-write", .drop, "writes what pages of other sites can use"),
        Row("observe-browsing-topics", .drop, "counts the visit for what advertisers are told"),
        Row("set-cookie2", .drop, "set cookies by rules that nobody checks any more"),
        Row(
            "cache-control", .dropFromPages,
            "a page, or a redirect in its place, would be shown without asking after the lab has gone"),
        Row("expires", .dropFromPages, "the same, by its older name"),
        Row("pragma", .dropFromPages, "says what Cache-Control says"),
        // Fields that partly reach beyond the lab.
        Row("set-cookie", .narrow, "for its own hostname only, and never by our names"),
        Row(
            "location", .narrow,
            "an inner address, or http, becomes this hostname's; elsewhere any link leads"),
        Row("refresh", .narrow, "leads on as Location does"),
        Row("content-security-policy", .frames, "frame-ancestors is the portal's to say"),
        Row("x-frame-options", .frames, "cannot name a site, and gives way to frame-ancestors"),
        // Reviewed and passed: they affect the page that carries them, or the lab's own origin.
        Row("content-security-policy-report-only", .pass, "one page"),
        Row("reporting-endpoints", .pass, "one page; NEL, which would outlive it, goes by Report-To"),
        Row("document-policy", .pass, "one page"),
        Row("permissions-policy", .pass, "one page"),
        Row(
            "speculation-rules", .pass,
            "one page; the portal does nothing ahead of a click"),
        Row("supports-loading-mode", .pass, "one page"),
        Row("origin-agent-cluster", .pass, "one origin, for as long as its pages are open"),
        Row("accept-ch", .pass, "what the browser tells this origin about itself"),
        Row("critical-ch", .pass, "the same, at once"),
        Row("x-dns-prefetch-control", .pass, "one page"),
        Row("link", .pass, "loads what the page's own HTML could load"),
        Row("use-as-dictionary", .pass, "only a server that knows the dictionary could use it"),
        Row("no-vary-search", .pass, "one address of the lab's"),
        Row("cross-origin-opener-policy", .pass, "one page"),
        Row("cross-origin-embedder-policy", .pass, "one page"),
        Row("cross-origin-resource-policy", .pass, "one answer"),
        Row("access-control-allow-origin", .pass, "one answer; pages of other origins do not get that far"),
        Row("timing-allow-origin", .pass, "one answer"),
        Row("www-authenticate", .pass, "asks for the lab's own password, which goes back to it"),
        Row("sec-websocket-accept", .pass, "one WebSocket"),
        Row("referrer-policy", .pass, "one page"),
    ]

    /// The rows that change something, stored so that reading them costs no reference count; they live as long as the
    /// process. `nonisolated(unsafe)` because nothing writes to them once they are made.
    nonisolated(unsafe) private static let effective: UnsafeBufferPointer<Row> = {
        let chosen = rows.filter { $0.verdict != .pass }
        let room = UnsafeMutableBufferPointer<Row>.allocate(capacity: chosen.count)
        _ = room.initialize(from: chosen)
        return UnsafeBufferPointer(room)
    }()

    /// One bit for each length of a name that has a row; this rules out most fields without a comparison.
    private static let lengths: UInt64 = effective.reduce(0) { $0 | 1 << UInt64($1.name.utf8CodeUnitCount) }

    /// - Parameter name: in any case. Costs no allocation.
    static func verdict(on name: UnsafeRawBufferPointer) -> Verdict {
        guard name.count < 64, lengths & 1 << UInt64(name.count) != 0 else { return .pass }
        for row in effective where row.name.utf8CodeUnitCount == name.count {
            if name.equalsField(row.name) { return row.verdict }
        }
        return .pass
    }
}
