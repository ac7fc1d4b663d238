import HTTPTransport
import HTTPWire
import Testing

@testable import Edge

@Suite("A browser with more cookies than are read")
struct CookieCureTests {
    /// Cookies as a lab's page sets them for the whole labs' domain: of 4 KB each, the largest that browsers keep.
    private static func bomb(_ count: Int) -> [String] {
        (0..<count).map { "bomb\($0)=\(String(repeating: "x", count: 4_000))" }
    }

    private static let page: [(String, String)] = [
        ("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-User", "?1"),
    ]

    private func check(_ status: Int, _ setCookies: [String], _ text: String, count: Int) {
        #expect(status == 431)
        #expect(text.contains("Your browser brought too many cookies"))
        #expect(setCookies.first?.hasPrefix("\(CookieCure.mark)=1; Path=/; Secure; HttpOnly; Max-Age=") == true)
        let expired = Set(setCookies.dropFirst())
        #expect(expired.count == 4 * count)
        for number in 0..<count {
            for path in ["/", "/lab"] {
                #expect(expired.contains("bomb\(number)=; Path=\(path); Secure; Max-Age=0"))
                #expect(expired.contains("bomb\(number)=; Domain=labs.test; Path=\(path); Secure; Max-Age=0"))
            }
        }
        #expect(!setCookies.contains { $0.hasPrefix("__Host-carrel=") }, "what opens the lab stays")
    }

    @Test("gets a page that has it drop them by HTTP/1.1, whichever lab it asks for", arguments: [17, 28, 100])
    func http1(count: Int) async throws {
        try await withHouse { house in
            var fields: HeaderFields = ["Cookie": Self.bomb(count).joined(separator: "; ") + "; __Host-carrel=secret"]
            for (name, value) in Self.page { fields.append(name, value) }
            for host in ["abcd.labs.test", "other.labs.test"] {
                let answer = try await house.send("GET", host, "/lab", fields, cookie: nil)
                check(answer.status, answer.fields.all("Set-Cookie"), answer.text, count: count)
                #expect(!answer.fields.contains("Clear-Site-Data"))
            }
            #expect(house.lab.heads.isEmpty)
            let metrics = await house.edge.metrics()
            #expect(metrics.number(of: .tooLarge) == 0 && metrics.number(of: .malformed) == 0)
        }
    }

    @Test(
        "gets it by HTTP/2 too, where the connection goes on and nothing is called a flood", arguments: [17, 28, 100])
    func http2(count: Int) async throws {
        try await withHouse { house in
            try await house.withHTTP2 { client async throws in
                let fields = Self.page.map { ($0.0.lowercased(), $0.1) } + Self.bomb(count).map { ("cookie", $0) }
                for _ in 0..<2 {
                    let answer = try await client.finished(client.request("GET", "/lab", fields))
                    check(answer.status, answer.fields["set-cookie"] ?? [], answer.text, count: count)
                }
                #expect(try await client.get("/head").status == 200)
            }
            #expect(await house.edge.metrics().number(of: .flood) == 0)
        }
    }

    @Test("that still has them when a person opens a page the next time is told to clear all")
    func stillThere() async throws {
        try await withHouse { house in
            let fields: HeaderFields = [
                "Cookie": "\(CookieCure.mark)=1; " + Self.bomb(20).joined(separator: "; "),
                "Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1",
            ]
            let answer = try await house.send("GET", "abcd.labs.test", "/lab", fields, cookie: nil)
            #expect(answer.status == 431)
            #expect(answer.fields.all("Clear-Site-Data") == ["\"cookies\""])
            #expect(!answer.fields.contains("Set-Cookie"))
        }
    }

    @Test(
        "is not told to clear all for what a page of a lab brought about",
        arguments: [
            ["Sec-Fetch-Mode": "navigate"], ["Sec-Fetch-Mode": "no-cors", "Sec-Fetch-User": "?1"],
            ["Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?0"], ["Accept": "text/html"],
        ])
    func provoked(fields: [String: String]) async throws {
        try await withHouse { house in
            var all: HeaderFields = ["Cookie": "\(CookieCure.mark)=1; " + Self.bomb(20).joined(separator: "; ")]
            for (name, value) in fields { all.append(name, value) }
            let answer = try await house.send("GET", "abcd.labs.test", "/lab", all, cookie: nil)
            #expect(answer.status == 431 && !answer.fields.contains("Clear-Site-Data"))
            #expect(answer.fields.all("Set-Cookie").contains("bomb0=; Path=/; Secure; Max-Age=0"))
        }
    }

    @Test("is not told to clear all by a mark that a page of a lab has made up")
    func forgedMark() throws {
        #expect(CookieCure.mark.hasPrefix("__Host-carrel-cured-") && CookieCure.mark.utf8.count >= 40)
        let surplus = try surplus(
            "__Host-carrel-cured=1; __Host-carrel-cured-\(String(repeating: "a", count: 20))=1; a="
                + String(repeating: "x", count: 70_000))
        let fields = CookieCure.fields(for: surplus, host: "labs", path: Array("/".utf8)[...], isByPerson: true)
        #expect(!fields.contains("Clear-Site-Data"))
        #expect(fields.first("Set-Cookie")?.hasPrefix("\(CookieCure.mark)=1; ") == true)
    }

    private func surplus(_ cookies: String) throws -> SurplusCookies {
        var parser = RequestParser()
        let text = "GET / HTTP/1.1\r\nHost: abcd.labs.test\r\nCookie: \(cookies)\r\n\r\n"
        var position = 0
        let bytes = Array(text.utf8)
        let event = bytes.withUnsafeBytes { try? parser.next(in: $0, at: &position) }
        #expect(event == .head)
        return try #require(parser.head.surplusCookies, "the cookies were not too many")
    }

    @Test(
        "has them dropped at the paths above the one that it asks for",
        arguments: [
            ("/", ["/"]), ("/lab", ["/", "/lab"]), ("/a/b", ["/", "/a", "/a/", "/a/b"]),
            ("/a/b/", ["/", "/a", "/a/", "/a/b", "/a/b/"]), ("*", ["/"]), ("/a/b;Domain=c", ["/", "/a", "/a/"]),
            ("//a", ["/", "//", "//a"]),
            ("/1/2/3/4/5/6/7", ["/", "/1", "/1/", "/1/2", "/1/2/", "/1/2/3", "/1/2/3/", "/1/2/3/4", "/1/2/3/4/"]),
        ])
    func paths(path: String, expected: [String]) throws {
        let surplus = try surplus("__Host-other=z; a=" + String(repeating: "x", count: 70_000))
        let fields = CookieCure.fields(for: surplus, host: "labs", path: Array(path.utf8)[...], isByPerson: true)
        let values = fields.all("Set-Cookie").dropFirst().filter { $0.hasPrefix("a=") }
        #expect(values == expected.map { "a=; Path=\($0); Secure; Max-Age=0" })
        #expect(
            fields.all("Set-Cookie").filter { $0.hasPrefix("__Host-other=") } == [
                "__Host-other=; Path=/; Secure; Max-Age=0"
            ])
    }

    @Test("is refused as ever where other fields, or cookies beyond all that browsers keep, are too many")
    func strict() async throws {
        try await withHouse { house in
            let large = String(repeating: "y", count: 70_000)
            let other = try await house.send("GET", "abcd.labs.test", "/lab", ["X-Large": large])
            #expect(other.status == 431 && !other.fields.contains("Set-Cookie"))
            #expect(await house.edge.metrics().number(of: .tooLarge) == 1)
            let endless: HeaderFields = ["Cookie": Self.bomb(300).joined(separator: "; ")]
            let answer = try? await house.send("GET", "abcd.labs.test", "/lab", endless, cookie: nil)
            #expect(answer == nil || answer?.status == 431 && answer?.fields.contains("Set-Cookie") == false)
        }
    }

    @Test("is told no more than clients read, and of our own cookies nothing")
    func bounds() throws {
        let many = (0..<3_000).map { "n\($0)=1" }.joined(separator: "; ")
        let surplus = try surplus(
            "__Host-carrel=x; __Host-carrel-portal=y; __Host-other=z; " + many + String(repeating: "x", count: 66_000))
        func said(to host: String) -> [String] {
            CookieCure.fields(for: surplus, host: host, path: Array("/a/b/c".utf8)[...], isByPerson: true)
                .all("Set-Cookie")
        }
        let values = said(to: "abcd.labs.test")
        #expect(values.reduce(0) { $0 + $1.utf8.count } <= CookieCure.fieldBytes + 200)
        #expect(values.count > 100)
        #expect(!values.contains { $0.hasPrefix("__Host-carrel=") || $0.hasPrefix("__Host-carrel-portal=") })
        #expect(values.filter { $0.hasPrefix("__Host-other=") } == ["__Host-other=; Path=/; Secure; Max-Age=0"])
        for host in ["labs", "a.test", "10.0.0.1", "::1"] {
            #expect(!said(to: host).contains { $0.contains("Domain=") })
        }
    }
}
