import Testing

@testable import HTTPWire

struct ForwardingRulesTests {
    @Test("Strip Connection-named fields plus Proxy-Connection, Keep-Alive, TE, Transfer-Encoding, Upgrade")
    func hopByHop() {
        var fields: HeaderFields = [
            "Host": "a", "Connection": "close, X-Private , host", "connection": "x-other", "Keep-Alive": "timeout=5",
            "Proxy-Connection": "x", "TE": "trailers", "Trailer": "X", "Transfer-Encoding": "chunked",
            "Upgrade": "h2c", "X-Private": "1", "x-OTHER": "2", "X-Kept": "3", "Accept": "4",
        ]
        fields.removeHopByHop()
        #expect(fields == ["Host": "a", "X-Kept": "3", "Accept": "4"])
    }

    @Test("what a client claims about its way here is dropped, underscores for hyphens too")
    func forwardingClaims() {
        var fields: HeaderFields = [
            "Host": "a:8443", "X-Forwarded-For": "1.1.1.1", "x_forwarded_host": "evil", "Forwarded": "for=x",
            "X-Real-IP": "x", "X-Scheme": "http", "X-Carrel-Scope": "portal", "X-Forwarded": "kept",
            "X-Schemes": "kept",
        ]
        fields.setForwarded(client: "10.0.0.1", scheme: "https", host: "a:8443")
        #expect(
            fields == [
                "Host": "a:8443", "X-Forwarded": "kept", "X-Schemes": "kept", "X-Forwarded-For": "10.0.0.1",
                "X-Forwarded-Proto": "https", "X-Forwarded-Host": "a:8443",
            ])
    }

    @Test("Via gets a line of its own after those of others")
    func via() {
        var fields: HeaderFields = ["Via": "1.0 fred"]
        fields.appendVia("carrel")
        #expect(fields.all("via") == ["1.0 fred", "1.1 carrel"])
    }

    @Test("a navigation is told by Sec-Fetch-Mode, and by Accept only without it")
    func navigations() {
        func isNavigation(_ method: String, _ fields: HeaderFields) -> Bool {
            RequestHead(method: method, target: "/", fields: fields).isNavigation
        }
        #expect(isNavigation("GET", ["Sec-Fetch-Mode": "navigate"]))
        #expect(isNavigation("HEAD", ["Accept": "text/html;q=0.9, */*"]))
        #expect(!isNavigation("GET", ["Sec-Fetch-Mode": "cors", "Accept": "text/html"]))
        #expect(!isNavigation("POST", ["Sec-Fetch-Mode": "navigate"]))
        #expect(!isNavigation("GET", ["Accept": "text/htmlx, */*"]))
        #expect(!isNavigation("GET", [:]))
    }

    @Test("one cookie is taken out of every Cookie field, and the others stay as they are")
    func cookieStripping() {
        var fields: HeaderFields = [
            "Cookie": "a=1; __Host-carrel=secret;b=\"x=y\"", "X": "y", "cookie": "__Host-carrel = again",
            "Accept": "z",
        ]
        #expect(fields.cookie(named: "__Host-carrel") == nil, "two of one name are none")
        fields.removeCookie(named: "__Host-carrel")
        #expect(fields == ["Cookie": "a=1; b=\"x=y\"", "X": "y", "Accept": "z"])
        #expect(fields.cookie(named: "a") == "1")
        #expect(fields.cookie(named: "b") == "\"x=y\"")
        let before = fields
        fields.removeCookie(named: "__Host-carrel")
        #expect(fields == before)
    }

    @Test("a cookie's name is compared whole and with its case")
    func cookieNames() {
        let fields: HeaderFields = ["Cookie": "x__Host-carrel=1; __host-carrel=2; __Host-carrel2=3; __Host-carrel"]
        var values: [String] = []
        fields.forEachCookie(named: "__Host-carrel") { values.append(String(decoding: $0, as: UTF8.self)) }
        #expect(values == [""])
    }

    @Test("a Set-Cookie loses its Domain attributes, and nothing else")
    func setCookieDomain() {
        func narrowed(_ value: String) -> String? {
            withBytes(value) { SetCookieRules.withoutDomain($0) }.map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(narrowed("a=b; Path=/; Domain=.labs.example;Secure") == "a=b; Path=/; Secure")
        #expect(narrowed("a=b; DOMAIN = x; domain") == "a=b")
        #expect(narrowed("a=b; Path=/") == nil)
        #expect(narrowed("domain=b; Path=/") == nil)
        #expect(
            withBytes(" __Host-carrel =x; Path=/") { SetCookieRules.name(of: $0).elementsEqual("__Host-carrel".utf8) })
    }
}
