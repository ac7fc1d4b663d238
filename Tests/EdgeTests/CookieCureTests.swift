import HTTPTransport
import HTTPWire
import Testing

@testable import Edge

@Suite("A browser with more cookies than are read")
struct CookieCureTests {
    /// As a page of a lab sets them for the whole labs' domain: of 4 KB each, which is what browsers keep.
    private static func bomb(_ count: Int) -> [String] {
        (0..<count).map { "bomb\($0)=\(String(repeating: "x", count: 4_000))" }
    }

    private static let page: [(String, String)] = [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")]

    private func check(_ status: Int, _ setCookies: [String], _ text: String, count: Int) {
        #expect(status == 431)
        #expect(text.contains("Your browser brought too many cookies"))
        #expect(setCookies.first?.hasPrefix("__Host-carrel-cured=1; Path=/; Secure; HttpOnly; Max-Age=") == true)
        let expired = Set(setCookies.dropFirst())
        #expect(expired.count == 2 * count)
        for number in 0..<count {
            #expect(expired.contains("bomb\(number)=; Path=/; Secure; Max-Age=0"))
            #expect(expired.contains("bomb\(number)=; Domain=labs.test; Path=/; Secure; Max-Age=0"))
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

    @Test("that still has them the next time is told to clear all")
    func stillThere() async throws {
        try await withHouse { house in
            let fields: HeaderFields = ["Cookie": "__Host-carrel-cured=1; " + Self.bomb(20).joined(separator: "; ")]
            let answer = try await house.send("GET", "abcd.labs.test", "/lab", fields, cookie: nil)
            #expect(answer.status == 431)
            #expect(answer.fields.all("Clear-Site-Data") == ["\"cookies\""])
            #expect(!answer.fields.contains("Set-Cookie"))
        }
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
    func bounds() {
        var parser = RequestParser()
        let many = (0..<3_000).map { "n\($0)=1" }.joined(separator: "; ")
        let text =
            "GET / HTTP/1.1\r\nHost: abcd.labs.test\r\nCookie: __Host-carrel=x; __Host-carrel-portal=y; __Host-other=z; "
            + many + String(repeating: "x", count: 66_000) + "\r\n\r\n"
        var position = 0
        let bytes = Array(text.utf8)
        let event = bytes.withUnsafeBytes { try? parser.next(in: $0, at: &position) }
        #expect(event == .head)
        guard let surplus = parser.head.surplusCookies else {
            Issue.record("the cookies were not too many")
            return
        }
        let values = CookieCure.fields(for: surplus, host: "abcd.labs.test").all("Set-Cookie")
        #expect(values.reduce(0) { $0 + $1.utf8.count } <= CookieCure.fieldBytes + 200)
        #expect(values.count > 100)
        #expect(!values.contains { $0.hasPrefix("__Host-carrel=") || $0.hasPrefix("__Host-carrel-portal=") })
        #expect(values.filter { $0.hasPrefix("__Host-other=") } == ["__Host-other=; Path=/; Secure; Max-Age=0"])
        for host in ["labs", "a.test", "10.0.0.1", "::1"] {
            #expect(!CookieCure.fields(for: surplus, host: host).all("Set-Cookie").contains { $0.contains("Domain=") })
        }
    }
}
