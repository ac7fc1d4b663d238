import Broker
import HTTPTransport
import HTTPWire
import Words

/// Pages and redirects as responses, with the security fields for browsers.
struct PageResponses: Sendable {
    let renderer: PageRenderer
    /// Whether pages of other sites may show ours in a frame; the renderer's policy names them.
    var isEmbedded = false

    func page(_ page: some PageModel, status: Int = 200) -> HTTPResponse {
        var fields = worded
        fields.append("Content-Type", "text/html; charset=utf-8")
        fields.append("Content-Security-Policy", renderer.contentSecurityPolicy)
        if status == 503 { fields.append("Retry-After", String(PortalLimits.retryAfterSeconds)) }
        return HTTPResponse(status: status, fields: fields, body: .bytes(renderer.html(page)))
    }

    /// A page for people, a line of text for programs.
    func notice(_ page: Page, status: Int, isNavigation: Bool) -> HTTPResponse {
        isNavigation ? self.page(page, status: status) : message(page.panel.heading, status: status)
    }

    /// `{"message": …}`, which is where Jupyter's programs look for a text.
    func message(_ text: String, status: Int) -> HTTPResponse { json(["message": text], status: status) }

    func json(_ value: some Encodable, status: Int = 200) -> HTTPResponse {
        var fields = worded
        fields.append("Content-Type", "application/json")
        if status == 503 { fields.append("Retry-After", String(PortalLimits.retryAfterSeconds)) }
        return HTTPResponse(status: status, fields: fields, body: .bytes(APICoding.encode(value)))
    }

    /// 303: the browser continues with GET, whatever its method was.
    func redirect(_ location: String, cookie: String? = nil) -> HTTPResponse {
        var fields = careful
        fields.append("Location", location)
        if let cookie { fields.append("Set-Cookie", cookie) }
        return HTTPResponse(status: 303, fields: fields, body: .bytes([]))
    }

    /// 405 with the methods that the address supports.
    func methodNotAllowed(_ methods: String) -> HTTPResponse {
        let text = LearnerWords.current.say("program.methods", ["methods": .word(methods)]).plain
        var response = message(text, status: 405)
        response.fields.append("Allow", methods)
        return response
    }

    /// For addresses that are only read.
    func unlessRead(_ request: HTTPRequest, methods: String = "GET, HEAD") -> HTTPResponse? {
        request.method == "GET" || request.method == "HEAD" ? nil : methodNotAllowed(methods)
    }

    /// For an action that the broker has refused.
    func failure(_ error: BrokerError, _ request: HTTPRequest, _ wish: Wish = .open) -> HTTPResponse {
        failure(error, wish, isNavigation: request.isForPerson)
    }

    /// For an action that the broker has refused, or an address that it cannot answer.
    func failure(_ error: BrokerError, _ wish: Wish = .open, isNavigation: Bool) -> HTTPResponse {
        let (page, status) = NoticePage.failure(error, wish)
        return notice(page, status: status, isNavigation: isNavigation)
    }

    /// For addresses whose visit changes something, which neither a HEAD request nor a browser's prefetch may do.
    /// - Parameter methods: the methods that the address supports.
    func refusalUnlessClick(_ request: HTTPRequest, methods: String = "GET") -> HTTPResponse? {
        guard request.method == "GET" else { return methodNotAllowed(methods) }
        guard !Navigation.isPrefetch(request.fields) else {
            return message(LearnerWords.current.say("program.no-click").plain, status: 503)
        }
        return nil
    }

    /// For forms of our own pages.
    func refusalUnlessOwnForm(_ request: HTTPRequest) -> HTTPResponse? {
        guard request.method == "POST" else { return methodNotAllowed("POST") }
        guard OriginRules.isSameOrigin(request.fields, scheme: "https") else {
            return page(NoticePage.foreignForm(), status: 403)
        }
        return nil
    }

    /// A cookie for this hostname alone: the `__Host-` prefix keeps other hosts of the domain from setting it.
    ///
    /// In a frame of another site, browsers send only cookies that are marked for it; a partitioned one is kept
    /// separately for each such site, so that it does not track anybody from one site to another.
    ///
    /// A browser keeps a limited number of cookies for a site. Chromium evicts cookies of high priority last, which
    /// makes it harder for another lab's page to evict ours; other browsers ignore the attribute.
    func cookie(_ name: String, _ value: String, maxAge: Duration? = nil) -> String {
        let age = maxAge.map { "; Max-Age=\($0.components.seconds)" } ?? ""
        let site = isEmbedded ? "SameSite=None; Partitioned" : "SameSite=Lax"
        return "\(name)=\(value); Priority=High; Path=/; Secure; HttpOnly; \(site)\(age)"
    }

    /// For an answer with words in it: their language, and that it was chosen by what the browser accepts (RFC 9110,
    /// sections 8.5 and 12.5.5).
    private var worded: HeaderFields {
        var fields = careful
        fields.append("Content-Language", PageLanguage.current.rawValue)
        fields.append("Vary", "Accept-Language")
        return fields
    }

    /// Not `no-referrer`: with it, browsers send `Origin: null` with our own forms, which the origin check would
    /// refuse.
    var careful: HeaderFields {
        var fields: HeaderFields = [
            "Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex", "Cross-Origin-Opener-Policy": "same-origin",
        ]
        if !isEmbedded { fields.append("X-Frame-Options", "DENY") }
        return fields
    }
}
