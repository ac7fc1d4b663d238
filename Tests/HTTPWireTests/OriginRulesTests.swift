import Testing

@testable import HTTPWire

struct OriginRulesTests {
    private func isSame(_ fields: HeaderFields) -> Bool {
        var all: HeaderFields = ["Host": "Abcd.labs.example:8443"]
        for (name, value) in fields { all.append(name, value) }
        return OriginRules.isSameOrigin(all, scheme: "https")
    }

    @Test("the same scheme, host and port are the same origin")
    func same() {
        #expect(isSame(["Origin": "https://abcd.labs.example:8443"]))
        #expect(isSame(["Origin": "https://abcd.labs.example:8443", "Sec-Fetch-Site": "same-origin"]))
        #expect(isSame(["Sec-Fetch-Site": "same-origin"]))
        #expect(isSame([:]))
        #expect(OriginRules.isSameOrigin(["Host": "a", "Origin": "https://a:443"], scheme: "https"))
    }

    @Test(
        "another origin is foreign, however much it looks the same",
        arguments: [
            "null", "", "https://", "http://abcd.labs.example:8443", "https://abcd.labs.example",
            "https://abcd.labs.example:8444", "https://abcd.labs.example:8443.evil.example",
            "https://evil.example/abcd.labs.example:8443", "https://evilabcd.labs.example:8443",
            "https://abcd.labs.example:8443/", "https://u@abcd.labs.example:8443", "abcd.labs.example:8443",
            "https://abcd.labs.example:8443 https://evil.example",
        ])
    func foreign(origin: String) {
        #expect(!isSame(["Origin": origin]))
        #expect(!isSame(["Origin": origin, "Sec-Fetch-Site": "same-origin"]))
    }

    @Test("Sec-Fetch-Site must say same-origin; Sec-Fetch-Mode: no-cors says nothing")
    func fetchSite() {
        for site in ["cross-site", "same-site", "none", "", "same-origin, same-origin"] {
            #expect(!isSame(["Sec-Fetch-Site": site]), "\(site)")
            #expect(!isSame(["Sec-Fetch-Site": site, "Origin": "https://abcd.labs.example:8443"]))
        }
        #expect(!isSame(["Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"]))
        #expect(!isSame(["Sec-Fetch-Site": "same-origin", "sec-fetch-site": "cross-site"]))
    }

    @Test("a page of another origin that shows this within itself is told by where it goes and whose it is")
    func foreignFrames() {
        func frame(_ dest: String, _ site: String) -> OriginRules.ForeignFrame? {
            OriginRules.foreignFrame(["Sec-Fetch-Dest": dest, "Sec-Fetch-Site": site])
        }
        for dest in ["iframe", "frame", "embed", "object"] {
            #expect(frame(dest, "same-site") == .sameSite)
            #expect(frame(dest, "cross-site") == .crossSite)
            #expect(frame(dest, "same-origin") == nil && frame(dest, "none") == nil)
        }
        #expect(frame("document", "same-site") == nil && frame("document", "cross-site") == nil)
        #expect(OriginRules.foreignFrame(["Sec-Fetch-Site": "same-site"]) == nil)
        #expect(OriginRules.foreignFrame(["Sec-Fetch-Dest": "iframe"]) == nil)
        #expect(
            OriginRules.foreignFrame([
                "Sec-Fetch-Dest": "document", "sec-fetch-dest": "iframe", "Sec-Fetch-Site": "cross-site",
                "sec-fetch-site": "same-site",
            ]) == .sameSite)
    }

    @Test("two origins are none")
    func twoOrigins() {
        let origin = "https://abcd.labs.example:8443"
        #expect(!isSame(["Origin": origin, "origin": origin]))
        #expect(!OriginRules.isSameOrigin(["Origin": origin], scheme: "https"), "without a Host")
    }
}
