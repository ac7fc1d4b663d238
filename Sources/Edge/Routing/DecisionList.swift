import HTTPTransport
import HTTPWire
import TLS

/// Where a request goes.
enum Decision {
    /// The edge answers by itself.
    case answer(EdgeAnswer)
    /// The record is that of the portal whose hostname it is; `nil` for the other scopes.
    case portal(PortalScope, PortalRecord?)
    case lab(RouteTable.Entry, isWebSocket: Bool)
}

/// Why the portal gets a request: the value of `X-Carrel-Scope`.
enum PortalScope: String {
    /// A portal's own hostname.
    case portal
    /// Carrel's own paths on a lab's hostname.
    case lab
    /// A lab's hostname without a route: not yet, no longer, or never.
    case away
}

/// Decides about one request, from its head and the routes alone. The first rule that matches applies:
///
/// 1. A malformed request never gets here: its connection has answered it (400, 414, 417, 431, 501, 505). An HTTP/1.0
///    request without a Host → 400: the host that it is for is unknown.
/// 2. A portal's hostname → that portal, scope `portal`. It has access rules of its own.
/// 3. One label under a labs domain:
///    1. that is not a slug → 404: no session ever had it. This includes `PORT--SLUG`, while labs cannot declare
///       further ports.
///    2. TRACE → 405: it would echo the cookie, the token and whatever else the edge adds.
///    3. a path under `/.carrel/` → the portal, scope `lab`: entering, restarting and the events of this session. Any
///       other spelling of such a path → 404, and `/.carrel` → a redirect: no lab answers there.
///    4. the script of a service worker whose scope could include those paths, or that is requested without access → a
///       worker that replaces its predecessor and unregisters. A worker sees one-time codes, fakes pages, and outlives
///       its lab.
///    5. no route → the portal, scope `away`: it knows whether the session is starting, has ended, or never existed.
///    6. a route of a portal with another labs domain → 404: a session answers under its own portal's domain only.
///    7. the access cookie is missing, wrong or present twice → 403. This comes before every other rule about the lab,
///       so that nothing about it is revealed; upgrades included.
///    8. a request from a page of another origin → 403, except for a safe navigation: the edge injects the lab's token,
///       so the lab itself no longer checks; Jupyter even lets every origin read a response to a request with the
///       token. Unless other sites may show the portal's labs, a page of another lab, or of the school, that shows this
///       one in a frame → 403, too. A page of an entirely different site passes, because a link within a sandboxed
///       frame of the lab's own sends the same fields. It does not count as activity, and `FramePolicy` lets only the
///       lab's own pages show the answer.
///    9. OPTIONS with `Max-Forwards: 0` → answered here.
///    10. else → the lab. An upgrade to anything but a WebSocket is forwarded as a plain request (RFC 9110, section
///        7.8).
/// 4. Any other host → 421 if no certificate of the edge covers it, so that the client tries elsewhere; else a plain
///    404.
///
/// Before all of these: on a connection whose certificate does not cover the host, where the edge has several → 421, so
/// that a portal and its labs answer under their own certificate only; a request with more cookies than are read → 431,
/// with fields that make the browser drop them.
///
/// Where the routes are hostnames, there is no portal and no cookie is required: rules 1, 3.2, 3.9, 3.10 and 4 apply.
struct DecisionList: Sendable {
    private let routesHostnames: Bool

    init(_ routing: EdgeConfiguration.Routing) { routesHostnames = routing == .hostnames }

    /// - Parameters:
    ///   - names: those of the connection's certificate, if the host must be among them.
    ///   - isCovered: whether any certificate of the edge covers a hostname.
    func decide(
        _ head: RequestHead, names: CertificateNames? = nil, routes: borrowing RouteTable, isCovered: (String) -> Bool
    ) -> Decision {
        if let names, !covers(names, head) { return .answer(.misdirected) }
        if head.surplusCookies != nil { return .answer(.tooManyCookies) }
        if routesHostnames { return decideByHostname(head, routes: routes, isCovered: isCovered) }
        let host = head.fields.withFirst("Host") { bytes -> HostKind? in
            guard let authority = AuthorityBytes(bytes) else { return nil }
            return kind(of: UnsafeRawBufferPointer(rebasing: bytes[authority.host]), routes.portals)
        }
        switch host {
        case nil: return .answer(.badRequest)
        case .portal(let record): return .portal(.portal, record)
        case .lab(nil, _): return .answer(.notFound)
        case .lab(let slug?, let domain): return decide(head, slug: slug, domain: domain, routes: routes)
        case .other(let name): return .answer(isCovered(name) ? .notFound : .misdirected)
        }
    }

    /// A host that cannot be read is for the later rules.
    private func covers(_ names: CertificateNames, _ head: RequestHead) -> Bool {
        head.fields.withFirst("Host") { bytes -> Bool? in
            AuthorityBytes(bytes).map { names.covers(UnsafeRawBufferPointer(rebasing: bytes[$0.host])) }
        } ?? true
    }

    /// The request's host in lower case and without port, if it is a portal's or can be a lab's.
    func knownHost(of head: RequestHead, routes: borrowing RouteTable) -> String? {
        head.fields.withFirst("Host") { bytes -> String? in
            guard let authority = AuthorityBytes(bytes) else { return nil }
            let host = UnsafeRawBufferPointer(rebasing: bytes[authority.host])
            let name = String(decoding: host, as: UTF8.self).lowercased()
            if routesHostnames { return routes.entry(forHost: host) == nil ? nil : name }
            switch kind(of: host, routes.portals) {
            case .portal, .lab(.some, _): return name
            case .lab(nil, _), .other: return nil
            }
        }
    }

    private enum HostKind {
        case portal(PortalRecord)
        /// The slug is `nil` for a label that no session can have; the domain is the number of its labs domain.
        case lab(Slug?, domain: Int)
        case other(String)
    }

    private func kind(of host: UnsafeRawBufferPointer, _ portals: borrowing PortalTable) -> HostKind {
        if let (label, domain) = portals.label(of: host) {
            let parts = LabLabel(UnsafeRawBufferPointer(rebasing: host[label]))
            return .lab(parts?.port == nil ? parts?.slug : nil, domain: domain)
        }
        if let record = portals.record(forHostname: host) { return .portal(record) }
        return .other(String(decoding: host, as: UTF8.self).lowercased())
    }

    private func decide(
        _ head: RequestHead, slug: Slug, domain: Int, routes: borrowing RouteTable
    ) -> Decision {
        if head.method == "TRACE" { return .answer(.methodNotAllowed) }
        switch OwnPaths.standing(of: head.targetBytes) {
        case .own: return .portal(.lab, nil)
        case .withoutSlash: return .answer(.ownPages)
        case .disguised: return .answer(.notFound)
        case .labs: break
        }
        let isWorkerScript = head.fields.contains("Service-Worker")
        if isWorkerScript, OwnPaths.isInRoot(head.targetBytes) { return .answer(.workerEnd) }
        guard let entry = routes.entry(for: slug) else {
            return isWorkerScript ? .answer(.workerEnd) : .portal(.away, nil)
        }
        guard let portal = entry.portal, portal.domain == domain else {
            return .answer(isWorkerScript ? .workerEnd : .notFound)
        }
        guard isAdmitted(head, to: entry) else { return .answer(isWorkerScript ? .workerEnd : .forbidden) }
        let onlyReads = head.isSafe && !head.fields.contains("Upgrade")
        let isWelcome =
            onlyReads
            ? OriginRules.mayRead(head.fields, scheme: "https") : OriginRules.isSameOrigin(head.fields, scheme: "https")
        guard isWelcome else { return .answer(.foreignOrigin) }
        if onlyReads, !portal.frames.admitsSites, OriginRules.foreignFrame(head.fields) == .sameSite {
            return .answer(.framed)
        }
        if head.maxForwards == .answerHere { return .answer(.options) }
        return .lab(entry, isWebSocket: WebSocketHandshake.isValidRequest(head))
    }

    private func decideByHostname(
        _ head: RequestHead, routes: borrowing RouteTable, isCovered: (String) -> Bool
    ) -> Decision {
        var name = ""
        var isMalformed = true
        let entry = head.fields.withFirst("Host") { bytes -> RouteTable.Entry? in
            guard let authority = AuthorityBytes(bytes) else { return nil }
            isMalformed = false
            let host = UnsafeRawBufferPointer(rebasing: bytes[authority.host])
            if let entry = routes.entry(forHost: host) { return entry }
            name = String(decoding: host, as: UTF8.self).lowercased()
            return nil
        }
        if isMalformed { return .answer(.badRequest) }
        guard let entry else { return .answer(isCovered(name) ? .notFound : .misdirected) }
        if head.method == "TRACE" { return .answer(.methodNotAllowed) }
        if head.maxForwards == .answerHere { return .answer(.options) }
        return .lab(entry, isWebSocket: WebSocketHandshake.isValidRequest(head))
    }

    private func isAdmitted(_ head: RequestHead, to entry: RouteTable.Entry) -> Bool {
        var cookies = 0
        var isAdmitted = false
        head.fields.forEachCookie(named: Edge.cookieName) { token in
            cookies += 1
            isAdmitted = entry.admits(token)
        }
        return cookies == 1 && isAdmitted
    }
}
