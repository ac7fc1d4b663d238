import HTTPTransport
import HTTPWire
import TLS
import Testing

@testable import Edge

/// Tests who can reach what, over real TLS connections.
struct EdgeAccessTests {
    @Test("with the cookie a request reaches the lab, with the lab's token and without the cookie")
    func admitted() async throws {
        try await withHouse { house in
            let answer = try await house.send(
                "GET", "ABCD.labs.test", "/head", ["Authorization": "mine", "TE": "trailers"])
            #expect(answer.status == 200)
            #expect(answer.received("Cookie") == ["other=1"])
            #expect(answer.received("Authorization") == ["token lab-token"])
            #expect(answer.received("Host") == ["abcd.labs.test:\(house.port)"])
            #expect(answer.received("X-Forwarded-For") == ["127.0.0.1"])
            #expect(answer.received("X-Forwarded-Proto") == ["https"])
            #expect(answer.received("TE") == [])
            #expect(answer.fields.first("X-Up") == "1")
        }
    }

    @Test("without the right cookie nobody reaches the lab: a page for people, a sentence for programs")
    func refused() async throws {
        try await withHouse { house in
            for cookie in [nil, "wrong", "", "secret; __Host-carrel=secret"] {
                let program = try await house.send("GET", "abcd.labs.test", "/head", cookie: cookie)
                #expect(program.status == 403)
                #expect(program.fields.first("Content-Type") == "text/plain; charset=utf-8")
                let page = try await house.send(
                    "GET", "abcd.labs.test", "/<script>", ["Sec-Fetch-Mode": "navigate"], cookie: cookie)
                #expect(page.status == 403)
                #expect(page.text.hasPrefix("<!doctype html>") && !page.text.contains("script"))
                let post = try await house.send("POST", "abcd.labs.test", "/upload", cookie: cookie, body: [1, 2, 3])
                #expect(post.status == 403)
            }
            #expect(house.lab.heads.isEmpty)
        }
    }

    @Test("a foreign Origin may read nothing it could not, change nothing, and open no WebSocket")
    func foreignOrigin() async throws {
        try await withHouse { house in
            let foreign: HeaderFields = ["Origin": "https://evil.test"]
            let post = try await house.send("POST", "abcd.labs.test", "/upload", foreign, body: [1])
            #expect(post.status == 403)
            let sibling: HeaderFields = ["Sec-Fetch-Site": "same-site"]
            #expect(try await house.send("DELETE", "abcd.labs.test", "/head", sibling).status == 403)
            for fields in [foreign, sibling] {
                #expect(await house.refusal(of: house.request("GET", "abcd.labs.test", "/ws", fields)) == 403)
            }
            #expect(house.lab.heads.isEmpty)
            let own: HeaderFields = ["Origin": "https://abcd.labs.test:\(house.port)", "Sec-Fetch-Site": "same-origin"]
            #expect(try await house.send("POST", "abcd.labs.test", "/upload", own, body: [1]).text.hasPrefix("1 "))
        }
    }

    @Test("Carrel's own paths, hostnames without a route and the portal's hostname go to the portal, each marked")
    func portalScopes() async throws {
        try await withHouse { house in
            for (host, scope) in [("portal.test", "portal"), ("gone.labs.test", "away")] {
                let answer = try await house.send(
                    "GET", host, "/head", ["X-Carrel-Scope": "lab", "X-Forwarded-For": "x"])
                #expect(answer.received("X-Carrel-Scope") == [scope])
                #expect(answer.received("X-Forwarded-For") == ["127.0.0.1"])
                #expect(answer.received("Cookie") == ["__Host-carrel=secret; other=1"])
                #expect(answer.received("Host") == ["\(host):\(house.port)"])
            }
            _ = try await house.send("GET", "abcd.labs.test", "/.carrel/enter?code=x", cookie: nil)
            let head = try #require(house.portal.heads.last)
            #expect(head.target == "/.carrel/enter?code=x")
            #expect(head.fields.all("X-Carrel-Scope") == ["lab"])
            #expect(house.lab.heads.isEmpty)
        }
    }

    @Test("a client's X-Carrel fields reach nobody")
    func ownFields() async throws {
        try await withHouse { house in
            let claims: HeaderFields = ["X-Carrel-Scope": "portal", "X-Carrel-Learner": "root", "X_Carrel_Scope": "x"]
            let answer = try await house.send("GET", "abcd.labs.test", "/head", claims)
            #expect(answer.status == 200 && !answer.text.lowercased().contains("carrel-l"))
            for name in ["X-Carrel-Scope", "X-Carrel-Learner", "X_Carrel_Scope"] {
                #expect(answer.received(name) == [])
            }
        }
    }

    @Test("a host that nobody here answers for gets 421, one that is covered but unknown a plain 404")
    func unknownHosts() async throws {
        try await withHouse { house in
            let client = await house.client()
            for (host, status) in [("other.test", 421), ("spare.test", 404), ("a-b.labs.test", 404)] {
                var request = house.request("GET", "portal.test", "/<b>x", ["Accept": "text/html"])
                request.fields.append("Host", host)
                let answer = House.Answer(
                    try await client.send(request, to: house.address, timeout: .seconds(10), bodyLimit: 1 << 16))
                #expect(answer.status == status, "\(host)")
                #expect(answer.text.hasPrefix("<!doctype html>") && !answer.text.contains("<b>"))
            }
            await client.close()
        }
    }

    @Test("a route that is set, granted or removed is seen by every loop")
    func routeChanges() async throws {
        try await withHouse(loops: 2) { house in
            let route = LabRoute(
                slug: "next", portal: "school", upstream: house.labAddress, kind: .http, authorization: nil, grants: [])
            house.edge.apply([.set(route)])
            house.edge.apply([.grant(slug: "next", digest: SHA256.digest("later"))])
            for _ in 0..<12 {
                let answer = try await house.send("GET", "next.labs.test", "/head", cookie: "later")
                #expect(answer.status == 200)
                #expect(answer.received("Authorization") == [])
            }
            #expect(try await house.send("GET", "next.labs.test", "/head", cookie: "never").status == 403)
            house.edge.apply([.remove(slug: "next")])
            for _ in 0..<12 {
                let answer = try await house.send("GET", "next.labs.test", "/head", cookie: "later")
                #expect(answer.received("X-Carrel-Scope") == ["away"])
            }
        }
    }

    @Test("a lab that moves leaves no connection to where it was")
    func movedLab() async throws {
        try await withHouse { house in
            let answer = try await house.send("GET", "abcd.labs.test", "/x")
            #expect(answer.status == 200)
            #expect(house.lab.record.withLock { $0.open } == 1, "kept for the next request")
            house.edge.apply([.remove(slug: "abcd")])
            try await eventually("closed") { house.lab.record.withLock { $0.open } == 0 }
        }
    }

    @Test("a lab sets cookies for its own hostname only, and never ours")
    func labCookies() async throws {
        try await withHouse { house in
            let answer = try await house.send("GET", "abcd.labs.test", "/cookies")
            #expect(answer.fields.all("Set-Cookie") == ["a=1"])
        }
    }
}
