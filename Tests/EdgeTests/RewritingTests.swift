import HTTPTransport
import HTTPWire
import Testing

@testable import Edge

struct RewritingTests {
    private func entry(_ kind: Edge.LabKind, authorization: String? = "token t") -> RouteTable.Entry {
        RouteTable.Entry(
            portal: nil, upstream: .tcp(host: "10.0.0.7", port: 32_768), kind: kind, authorization: authorization,
            grants: [],
            activity: ActivityCell(slug: "abcd"))
    }

    private func forward(_ fields: HeaderFields, _ kind: Edge.LabKind = .jupyter, isWebSocket: Bool = false)
        -> HeaderFields
    {
        let head = RequestHead(method: "GET", target: "/x?y", fields: fields)
        return forLab(head, entry(kind), isWebSocket: isWebSocket)
    }

    private func forLab(_ head: RequestHead, _ route: RouteTable.Entry, isWebSocket: Bool = false) -> HeaderFields {
        var bytes: [UInt8] = []
        RequestRewriting.writeForLab(
            head, framing: .none, route: route, client: "192.0.2.1", isWebSocket: isWebSocket, into: &bytes)
        return request(bytes)
    }

    private func request(_ bytes: [UInt8]) -> HeaderFields {
        var parser = RequestParser()
        var position = 0
        let event = bytes.withUnsafeBytes { try? parser.next(in: $0, at: &position) }
        #expect(event == .head && position == bytes.count)
        return parser.head.fields
    }

    @Test("a lab gets its token and never our cookie, nor what the client claims")
    func labRequest() {
        let fields = forward([
            "Host": "ABCD.labs.example:8443", "Cookie": "__Host-carrel=secret; _xsrf=1", "Authorization": "Basic x",
            "X-Forwarded-For": "1.1.1.1", "X-Carrel-Scope": "portal", "Referer": "https://abcd.labs.example:8443/",
            "Connection": "keep-alive, X-Drop", "X-Drop": "1", "TE": "trailers", "Expect": "100-continue",
            "Upgrade": "h2c",
        ])
        #expect(
            fields == [
                "Host": "abcd.labs.example:8443", "Cookie": "_xsrf=1",
                "Referer": "https://abcd.labs.example:8443/", "Authorization": "token t",
                "X-Forwarded-For": "192.0.2.1",
                "X-Forwarded-Proto": "https", "X-Forwarded-Host": "abcd.labs.example:8443",
            ])
    }

    /// Which of a browser's own and the lab's credentials a path gets.
    private func authorization(_ target: String, _ fields: HeaderFields, _ kind: Edge.LabKind = .jupyter) -> [String] {
        var all: HeaderFields = ["Host": "a"]
        for (name, value) in fields { all.append(name, value) }
        return forLab(RequestHead(method: "GET", target: target, fields: all), entry(kind)).all("Authorization")
    }

    @Test(
        "a program behind Jupyter sees the learner's own credentials, and never the lab's token",
        arguments: [
            "/proxy/8001/", "/proxy/absolute/8001/x?y", "/code-server/", "/rstudio/auth", "/apis/x", "/labs", "/proxy",
        ])
    func behindJupyter(target: String) {
        let login: HeaderFields = ["Cookie": "a=b; username-abcd-labs-example=\"2|1:0|x\""]
        for own in ["Basic dTpw", "Bearer x.y.z", "Digest username=x", "token other"] {
            var fields = login
            fields.append("Authorization", own)
            #expect(authorization(target, fields) == [own])
            // The very first visit: Jupyter redirects it through its login.
            #expect(authorization(target, ["Authorization": own, "Sec-Fetch-Mode": "navigate"]) == [own])
            // A client without Jupyter's cookie cannot get in any other way.
            #expect(authorization(target, ["Authorization": own]) == ["token t"])
            #expect(authorization(target, fields, .http) == ["token t"])
        }
        #expect(authorization(target, login).isEmpty)
        #expect(authorization(target, ["Sec-Fetch-Mode": "navigate"]).isEmpty)
        #expect(authorization(target, ["Cookie": "xusername-a=1; username=1"]) == ["token t"])
    }

    @Test(
        "Jupyter's own paths get the lab's token, whatever else the browser has",
        arguments: [
            "/", "/?x", "/api", "/api/kernels?x", "/lab", "/lab/tree/proxy/8001", "/files/x",
            "/login?next=%2Fproxy%2F8001%2F",
            "/terminals/websocket/1", "/lsp/ws/pylsp", "/static/x.js", "/metrics",
        ])
    func jupyterItself(target: String) {
        for fields: HeaderFields in [
            [:], ["Cookie": "username-a=x"], ["Cookie": "username-a=x", "Authorization": "Basic dTpw"],
            ["Sec-Fetch-Mode": "navigate", "Authorization": "Bearer x"],
        ] {
            #expect(authorization(target, fields) == ["token t"])
        }
    }

    @Test("a client that names our fields in Connection does not get rid of them")
    func connectionNamesOurs() {
        let fields = forward(["Host": "a", "Connection": "Host, Authorization, X-Forwarded-Proto"])
        for name in ["Host", "Authorization", "X-Forwarded-Proto"] {
            #expect(fields.all(name).count == 1, "\(name)")
        }
    }

    @Test("a WebSocket keeps its handshake")
    func webSocket() {
        let fields = forward(
            [
                "Host": "a", "Connection": "keep-alive, Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "k",
                "Sec-WebSocket-Protocol": "v1.kernel.websocket.jupyter.org", "Sec-WebSocket-Extensions": "x",
            ], isWebSocket: true)
        #expect(fields.all("Connection") == ["Upgrade"])
        #expect(fields.all("Upgrade") == ["websocket"])
        #expect(fields.first("Sec-WebSocket-Protocol") == "v1.kernel.websocket.jupyter.org")
        #expect(fields.contains("Sec-WebSocket-Extensions"))
    }

    @Test("RStudio learns its URL from the edge alone")
    func rstudio() {
        let fields = forward(
            [
                "Host": "abcd.labs.example", "Forwarded": "host=x", "X-RStudio-Request": "https://evil/",
                "x_rstudio_root_path": "/evil", "X-RStudio-Username": "root", "X-RS-CSRF-Token": "kept",
            ], .rstudio)
        #expect(fields.all("X-RStudio-Request") == ["https://abcd.labs.example/x?y"])
        #expect(!fields.contains("Forwarded") && !fields.contains("X-RStudio-Username"))
        #expect(!fields.contains("x_rstudio_root_path"))
        #expect(!fields.contains("X-Forwarded-Port"))
        #expect(fields.all("X-Forwarded-Proto") == ["https"])
        #expect(fields.first("X-RS-CSRF-Token") == "kept")
        #expect(!forward(["Host": "a"], .jupyter).contains("X-RStudio-Request"))
    }

    @Test("the portal gets the cookies and the scope, and only the edge's word for it")
    func portalRequest() {
        let head = RequestHead(
            method: "GET", target: "/",
            fields: [
                "Host": "P.example", "Cookie": "__Host-carrel=x", "X-Carrel-Scope": "lab", "x_carrel_scope": "y",
                "X-Carrel-Portal": "acme",
            ])
        var bytes: [UInt8] = []
        RequestRewriting.writeForPortal(
            head, framing: .none, scope: .portal, portal: "school", client: "192.0.2.1", into: &bytes)
        let fields = request(bytes)
        #expect(fields.all("X-Carrel-Scope") == ["portal"])
        #expect(fields.all("X-Carrel-Portal") == ["school"])
        #expect(!fields.contains("x_carrel_scope"))
        #expect(fields.first("Cookie") == "__Host-carrel=x")
        #expect(fields.first("Host") == "P.example")
    }

    @Test("Max-Forwards is counted down")
    func maxForwards() {
        let head = RequestHead(method: "OPTIONS", target: "/", fields: ["Host": "a", "Max-Forwards": "3"])
        #expect(forLab(head, entry(.http)).all("Max-Forwards") == ["2"])
        let other = RequestHead(method: "GET", target: "/", fields: ["Host": "a", "Max-Forwards": "x"])
        #expect(forLab(other, entry(.http)).all("Max-Forwards") == ["x"])
    }

    @Test("cookies that are not ours stay as they are, letter by letter; without any the field goes")
    func otherCookies() {
        #expect(forward(["Host": "a", "Cookie": "a=1;b=2;; c"]).all("Cookie") == ["a=1;b=2;; c"])
        #expect(!forward(["Host": "a", "Cookie": "__Host-carrel=x"]).contains("Cookie"))
        #expect(forward(["Host": "a", "Cookie": "\(CookieCure.mark)=1; a=1"]).all("Cookie") == ["a=1"])
        #expect(forward(["Host": "a", "Cookie": "__Host-carrel=x;a=1; __Host-carrel=y;b"]).all("Cookie") == ["a=1; b"])
    }

    @Test("framing is the writer's word, whatever the fields say")
    func framing() {
        let head = RequestHead(
            method: "POST", target: "/", fields: ["Host": "a", "Transfer-Encoding": "chunked", "A": "1"])
        var bytes: [UInt8] = []
        RequestRewriting.writeForLab(
            head, framing: .length(3), route: entry(.http, authorization: nil), client: "c", isWebSocket: false,
            into: &bytes)
        #expect(request(bytes).all("Content-Length") == ["3"])
        #expect(!request(bytes).contains("Transfer-Encoding"))
    }

    private func respond(
        _ fields: HeaderFields, status: Int = 302, isNavigation: Bool = false, embeddedIn origins: [String] = []
    ) -> HeaderFields {
        let head = ResponseHead(status: status, fields: fields)
        let upstream = UpstreamAddress.tcp(host: "10.0.0.7", port: 32_768)
        var bytes: [UInt8] = []
        ResponseRewriting.writeFromLab(
            head, framing: .length(0), host: { "abcd.labs.example:8443" }, upstream: upstream, isWebSocket: false,
            isNavigation: isNavigation, frames: FramePolicy(embeddedIn: origins), into: &bytes)
        bytes.append(contentsOf: "\r\n".utf8)
        var parser = ResponseParser()
        parser.expect(requestMethod: "GET")
        var position = 0
        let event = bytes.withUnsafeBytes { try? parser.next(in: $0, at: &position) }
        #expect(event == .head && position == bytes.count && parser.head.status == status)
        return parser.head.fields
    }

    @Test("a lab's cookies are for its own hostname, and never ours")
    func labCookies() {
        let fields = respond([
            "Set-Cookie": "a=1; Domain=.labs.example; Path=/", "Server": "x",
            "set-cookie": "__Host-carrel=evil; Path=/",
            "Set-cookie": "b=2; SameSite=None", "Set-Cookie": "b=2", "SET-COOKIE": "__host-Carrel=evil",
            // Without a name it would be sent back as one with our name.
            "Set-Cookie": "=__Host-carrel=evil", "Set-Cookie": " = __Host-carrel=evil; Path=/",
            "Set-Cookie": "__Host-carrel-cured-x=1; Secure; Path=/",
        ])
        #expect(fields.all("Set-Cookie") == ["a=1; Path=/", "b=2; SameSite=None", "b=2"])
        #expect(fields.first("Server") == "x")
    }

    @Test("what is for the upstream's connection does not reach the client, nor does Alt-Svc")
    func responseFields() {
        let fields = respond([
            "Connection": "close, X-Hop", "X-Hop": "1", "Keep-Alive": "x", "Alt-Svc": "h3=\":443\"",
            "Content-Security-Policy": "frame-ancestors 'self'",
        ])
        #expect(fields == ["Content-Security-Policy": "frame-ancestors 'self'"])
    }

    @Test(
        "where embedding is allowed, frame-ancestors is replaced and no other directive",
        arguments: [
            (
                "frame-ancestors 'self'; report-uri /api/security/csp-report",
                "frame-ancestors 'self' https://c.example; report-uri /api/security/csp-report"
            ),
            (
                "default-src 'none';Frame-Ancestors 'none'",
                "default-src 'none';frame-ancestors 'self' https://c.example"
            ),
            ("frame-ancestors", "frame-ancestors 'self' https://c.example"),
            ("default-src x, frame-ancestors *;", "default-src x, frame-ancestors 'self' https://c.example;"),
            ("script-src 'self'; x-frame-ancestors y;;", "script-src 'self'; x-frame-ancestors y;;"),
            ("", ""),
        ])
    func frameAncestors(policy: String, expected: String) {
        let fields: HeaderFields = ["Content-Security-Policy": policy, "Content-Security-Policy-Report-Only": policy]
        let answer = respond(fields, embeddedIn: ["https://c.example"])
        #expect(answer.all("Content-Security-Policy") == [expected])
        #expect(answer.all("Content-Security-Policy-Report-Only") == [policy])
        #expect(respond(fields).all("Content-Security-Policy") == [policy])
    }

    @Test("X-Frame-Options, which cannot name a site, gives way to a policy where embedding is allowed")
    func frameOptions() {
        let fields: HeaderFields = ["X-Frame-Options": "DENY", "X-Other": "1"]
        #expect(respond(fields) == fields)
        #expect(
            respond(fields, embeddedIn: ["https://c.example", "https://d.example:8443"]) == [
                "Content-Security-Policy": "frame-ancestors 'self' https://c.example https://d.example:8443",
                "X-Other": "1",
            ])
        #expect(respond(["X-Other": "1"], embeddedIn: ["https://c.example"]) == ["X-Other": "1"])
    }

    @Test("a page may be shown in a frame by the lab's own pages and those of allowed sites, beside what the lab says")
    func pagesInFrames() {
        let own: HeaderFields = ["Content-Security-Policy": "script-src 'self'; frame-ancestors 'none'"]
        #expect(
            respond(own, status: 200, isNavigation: true).all("Content-Security-Policy") == [
                "script-src 'self'; frame-ancestors 'none'", "frame-ancestors 'self'",
            ])
        let sites = ["https://c.example"]
        #expect(
            respond([:], status: 404, isNavigation: true, embeddedIn: sites).all("Content-Security-Policy") == [
                "frame-ancestors 'self' https://c.example"
            ])
        #expect(!respond([:], status: 200).contains("Content-Security-Policy"))
    }

    @Test(
        "a page or a redirect in its place is asked for again, whatever the lab says of keeping it",
        arguments: [200, 301, 304, 308, 404])
    func pages(status: Int) {
        let kept: HeaderFields = [
            "Cache-Control": "max-age=31536000", "ETag": "x", "Expires": "Thu, 01 Jan 2099 00:00:00 GMT",
            "cache-control": "immutable", "Pragma": "cache",
        ]
        let frames = "frame-ancestors 'self'"
        #expect(
            respond(kept, status: status, isNavigation: true) == [
                "ETag": "x", "Cache-Control": "no-cache", "Content-Security-Policy": frames,
            ])
        #expect(respond(["ETag": "x"], status: status, isNavigation: true).all("Cache-Control") == ["no-cache"])
        #expect(respond(kept, status: status) == kept)
        let nowhere: HeaderFields = ["Cache-Control": "private, No-Store", "Pragma": "no-cache"]
        #expect(
            respond(nowhere, status: status, isNavigation: true) == [
                "Cache-Control": "no-store", "Content-Security-Policy": frames,
            ])
    }

    @Test("OPTIONS of the whole server is no URL for RStudio")
    func wholeServer() {
        let head = RequestHead(method: "OPTIONS", target: "*", fields: ["Host": "a"])
        #expect(!forLab(head, entry(.rstudio)).contains("X-RStudio-Request"))
    }

    @Test(
        "a redirect with the inner address, or to http, comes back to this hostname; others stay",
        arguments: [
            ("http://10.0.0.7:32768/auth-sign-in?x", "https://abcd.labs.example:8443/auth-sign-in?x"),
            ("http://abcd.labs.example:8443/a", "https://abcd.labs.example:8443/a"),
            ("http://10.0.0.7:32768//auth-sign-in", "https://abcd.labs.example:8443/auth-sign-in"),
            ("HTTP://ABCD.labs.example", "https://abcd.labs.example:8443"),
            ("https://abcd.labs.example:8443/a", "https://abcd.labs.example:8443/a"),
            ("/relative", "/relative"), ("//10.0.0.7:32768/", "//10.0.0.7:32768/"),
            ("http://10.0.0.70:32768/", "http://10.0.0.70:32768/"), ("http://10.0.0.7/", "http://10.0.0.7/"),
            ("https://example.org/http://10.0.0.7:32768/", "https://example.org/http://10.0.0.7:32768/"),
        ])
    func locations(location: String, expected: String) {
        #expect(respond(["Location": location]).all("Location") == [expected])
    }
}
