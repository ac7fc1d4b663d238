import Testing

@testable import HTTPWire

struct ForwardingRulesTests {
    /// What the edge's writer sends on of these fields, with the verdicts that it gives.
    private func forwarded(_ fields: HeaderFields) -> String {
        var output: [UInt8] = []
        fields.writeForwarded(into: &output) { name, value in
            if ForwardingRules.isForwardingClaim(name) { return .drop }
            return name.equalsIgnoringCase("cookie") && value.hasCookie(withPrefix: "__Host-carrel") ? .rewrite : .keep
        } rewrite: { _, value, output in
            output.appendCookies(value, withoutPrefix: "__Host-carrel")
        }
        return String(decoding: output, as: UTF8.self)
    }

    @Test("Strip Connection-named fields plus Proxy-Connection, Keep-Alive, TE, Transfer-Encoding, Upgrade")
    func hopByHop() {
        let fields: HeaderFields = [
            "Host": "a", "Connection": "close, X-Private , host", "connection": "x-other", "Keep-Alive": "timeout=5",
            "Proxy-Connection": "x", "TE": "trailers", "Trailer": "X", "Transfer-Encoding": "chunked",
            "Upgrade": "h2c", "X-Private": "1", "x-OTHER": "2", "X-Kept": "3", "Accept": "4",
        ]
        #expect(forwarded(fields) == "Host: a\r\nX-Kept: 3\r\nAccept: 4\r\n")
    }

    @Test("what a client claims about its way here is dropped, underscores for hyphens too")
    func forwardingClaims() {
        let fields: HeaderFields = [
            "Host": "a:8443", "X-Forwarded-For": "1.1.1.1", "x_forwarded_host": "evil", "Forwarded": "for=x",
            "X-Real-IP": "x", "X-Scheme": "http", "X-Carrel-Scope": "portal", "X-Forwarded": "kept",
            "X-Schemes": "kept",
        ]
        #expect(forwarded(fields) == "Host: a:8443\r\nX-Forwarded: kept\r\nX-Schemes: kept\r\n")
    }

    @Test(
        "a navigation is told by Sec-Fetch-Mode, and by Accept only without it",
        arguments: [
            ("GET", ["Sec-Fetch-Mode": "navigate"], true),
            ("HEAD", ["Sec-Fetch-Mode": "navigate"], true),
            ("GET", ["Sec-Fetch-Mode": "cors", "Accept": "text/html"], false),
            ("GET", ["Accept": "text/html,application/xhtml+xml;q=0.9"], true),
            ("HEAD", ["Accept": "Text/HTML;q=0.9, */*"], true),
            ("GET", ["Accept": "text/htmlx, */*"], false),
            ("GET", ["Accept": "application/json"], false),
            ("GET", ["Accept": "*/*"], false),
            ("GET", [:], false),
            ("POST", ["Sec-Fetch-Mode": "navigate", "Accept": "text/html"], false),
        ] as [(String, HeaderFields, Bool)])
    func navigations(method: String, fields: HeaderFields, expected: Bool) {
        #expect(RequestHead(method: method, target: "/", fields: fields).isNavigation == expected)
        #expect(fields.isNavigation(method: method) == expected)
    }

    @Test(
        "a person's click is told by Sec-Fetch-User; WebKit, which never sends it, is believed only if wanted",
        arguments: [
            ([("Sec-Fetch-User", "?1")], true, true), ([("Sec-Fetch-User", "?0")], false, false),
            ([("Sec-Fetch-User", "?1"), ("Sec-Fetch-User", "?1")], false, false), ([], false, false),
            ([("User-Agent", "Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/140.0 Safari/537.36")], false, false),
            ([("User-Agent", "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Safari/605.1.15")], false, true),
            ([("User-Agent", "AppleWebKit/605.1.15"), ("Sec-Fetch-User", "?0")], false, false),
        ] as [([(String, String)], Bool, Bool)])
    func persons(more: [(String, String)], strict: Bool, trusting: Bool) {
        var fields: HeaderFields = ["Sec-Fetch-Mode": "navigate"]
        for (name, value) in more { fields.append(name, value) }
        #expect(fields.isOpenedByPerson(trustsWebKit: false) == strict)
        #expect(fields.isOpenedByPerson(trustsWebKit: true) == trusting)
        fields.replace("Sec-Fetch-Mode", "cors")
        #expect(!fields.isOpenedByPerson(trustsWebKit: false) && !fields.isOpenedByPerson(trustsWebKit: true))
        #expect(!HeaderFields().isOpenedByPerson(trustsWebKit: true))
    }

    @Test("one cookie is taken out of every Cookie field, and the others stay as they are")
    func cookieStripping() {
        let fields: HeaderFields = [
            "Cookie": "a=1; __Host-carrel=secret;b=\"x=y\"", "X": "y", "cookie": "__Host-carrel = again",
            "Accept": "z",
        ]
        #expect(fields.cookie(named: "__Host-carrel") == nil, "two of one name are none")
        #expect(fields.cookie(named: "a") == "1")
        #expect(fields.cookie(named: "b") == "\"x=y\"")
        #expect(forwarded(fields) == "Cookie: a=1; b=\"x=y\"\r\nX: y\r\nAccept: z\r\n")
        #expect(forwarded(["Cookie": "__Host-carrel-cured-x=1; __Host-carre=2"]) == "Cookie: __Host-carre=2\r\n")
        let others: HeaderFields = ["cookie": "a=1;b=2", "X": "y"]
        #expect(forwarded(others) == "cookie: a=1;b=2\r\nX: y\r\n")
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

    @Test("a cookie without a name is known by the name that its value comes back with")
    func namelessCookies() {
        func name(_ value: String) -> String {
            withBytes(value) { String(decoding: SetCookieRules.name(of: $0), as: UTF8.self) }
        }
        #expect(name("=__Host-carrel=evil; Path=/") == "__Host-carrel")
        #expect(name(" = __Host-carrel = evil") == "__Host-carrel")
        #expect(name("__Host-carrel") == "__Host-carrel")
        #expect(name("a==__Host-carrel=b") == "a" && name("=") == "" && name("=; Path=/") == "")
    }
}
