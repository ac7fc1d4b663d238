import HTTPTransport
import HTTPWire
import TLS
import Testing

@testable import Edge

/// Two portals behind one edge, over real TLS connections. The lab `abcd` is the portal `school`'s, the lab `efgh` is
/// the portal `acme`'s, and both open with the cookie `secret`.
@Suite("Two portals")
struct PortalsTests {
    private static let embedded: EdgePortal = {
        var acme = EdgePortal.acme
        acme.embeddedIn = ["https://courses.test"]
        return acme
    }()

    private func withPortals(loops: Int = 1, _ body: (House) async throws -> Void) async throws {
        let certificates = try TestAuthority.stores.get().two
        try await withHouse(loops: loops) { configuration in
            configuration.portals = [.school, Self.embedded]
            configuration.certificates = certificates
        } _: { house in
            house.edge.apply([
                .set(
                    LabRoute(
                        slug: "efgh", portal: "acme", upstream: house.labAddress, kind: .http,
                        authorization: nil, grants: [SHA256.digest("secret")]))
            ])
            await house.edge.applied()
            try await body(house)
        }
    }

    /// The status of a request for one host on a connection that was opened for another.
    private func status(_ house: House, of host: String, openedFor name: String) async throws -> Int {
        let client = await house.client()
        var request = house.request("GET", name, "/head")
        request.fields.append("Host", host)
        let answer = try await client.send(request, to: house.address, timeout: .seconds(10), bodyLimit: 1 << 16)
        await client.close()
        return answer.status
    }

    private let navigation: HeaderFields = ["Sec-Fetch-Mode": "navigate"]

    @Test("have hostnames, labs domains and frame policies of their own, and the portals' process is told which it is")
    func apart() async throws {
        try await withPortals { house in
            for portal in [EdgePortal.school, .acme] {
                let answer = try await house.send("GET", portal.hostname, "/head", ["X-Carrel-Portal": "other"])
                #expect(answer.received("X-Carrel-Scope") == ["portal"])
                #expect(answer.received("X-Carrel-Portal") == [portal.name])
            }
            for host in ["gone.labs.test", "gone.rooms.test"] {
                let answer = try await house.send("GET", host, "/head", ["X-Carrel-Portal": "other"])
                #expect(answer.received("X-Carrel-Scope") == ["away"] && answer.received("X-Carrel-Portal") == [])
            }
            let program = try await house.send("GET", "abcd.labs.test", "/head")
            #expect(program.received("Authorization") == ["token lab-token"])
            let school = try await house.send("GET", "abcd.labs.test", "/head", navigation)
            #expect(school.fields.all("Content-Security-Policy") == ["frame-ancestors 'self'"])
            let acme = try await house.send("GET", "efgh.rooms.test", "/head", navigation)
            #expect(acme.status == 200 && acme.received("Authorization") == [])
            #expect(acme.fields.all("Content-Security-Policy") == ["frame-ancestors 'self' https://courses.test"])
            let sibling: HeaderFields = [
                "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-site",
            ]
            #expect(try await house.send("GET", "abcd.labs.test", "/", sibling).status == 403)
            #expect(try await house.send("GET", "efgh.rooms.test", "/", sibling).status == 200)
        }
    }

    @Test("have labs that answer nowhere under the other's domain, WebSockets included")
    func foreignDomain() async throws {
        try await withPortals { house async throws in
            for host in ["efgh.labs.test", "abcd.rooms.test", "EFGH.Labs.test"] {
                #expect(try await house.send("GET", host, "/head").status == 404)
                #expect(try await house.send("GET", host, "/head", cookie: nil).status == 404)
                #expect(try await house.send("POST", host, "/upload", body: [1]).status == 404)
                #expect(await house.refusal(of: house.request("GET", host, "/ws")) == 404)
            }
            #expect(house.lab.heads.isEmpty && house.portal.heads.isEmpty)
        }
    }

    @Test("have certificates of their own, and a connection with one of them gets 421 for the hosts of the other")
    func certificates() async throws {
        try await withPortals { house in
            // Clients verify that the certificate covers the name.
            for host in ["portal.test", "abcd.labs.test", "acme.test", "efgh.rooms.test"] {
                #expect(try await house.send("GET", host, "/head").status == 200, "\(host)")
            }
            let (ofSchool, ofAcme) = (["portal.test", "abcd.labs.test"], ["acme.test", "efgh.rooms.test"])
            for (name, own, foreign) in [("abcd.labs.test", ofSchool, ofAcme), ("acme.test", ofAcme, ofSchool)] {
                for host in own {
                    #expect(try await status(house, of: host, openedFor: name) == 200, "\(host) by \(name)")
                }
                for host in foreign {
                    #expect(try await status(house, of: host, openedFor: name) == 421, "\(host) by \(name)")
                }
                try await house.withHTTP2(name) { client async throws in
                    for host in own { #expect(try await client.get("/head", host: host).status == 200) }
                    for host in foreign {
                        #expect(try await client.get("/head", host: host).status == 421)
                        #expect(try await client.get("/head", host: host.uppercased() + ".").status == 421)
                    }
                    #expect(try await client.get("/head", host: own[0]).status == 200)
                }
            }
        }
    }

    @Test("are replaced while requests run: what is under way goes on, by the new frame policy")
    func replaced() async throws {
        try await withPortals(loops: 2) { house in
            async let held = house.send("GET", "abcd.labs.test", "/hold", navigation)
            try await eventually("it waits") { house.lab.heads.count == 1 }
            var school = EdgePortal.school
            school.hostname = "spare.test"
            school.embeddedIn = ["https://school.test"]
            // The order decides nothing.
            house.edge.apply([.portals([.acme, school])])
            await house.edge.applied()
            house.lab.release()
            let answer = try await held
            #expect(answer.text == "held")
            #expect(answer.fields.all("Content-Security-Policy") == ["frame-ancestors 'self' https://school.test"])
            for _ in 0..<6 {
                #expect(try await house.send("GET", "portal.test", "/head").status == 404)
                #expect(try await house.send("GET", "spare.test", "/head").received("X-Carrel-Portal") == ["school"])
                let page = try await house.send("GET", "efgh.rooms.test", "/head", navigation)
                #expect(page.fields.all("Content-Security-Policy") == ["frame-ancestors 'self'"])
            }
            school.labsDomain = "rooms.test"
            var acme = EdgePortal.acme
            acme.labsDomain = "labs.test"
            house.edge.apply([.portals([school, acme])])
            await house.edge.applied()
            for (host, status) in [
                ("abcd.labs.test", 404), ("abcd.rooms.test", 200), ("efgh.labs.test", 200), ("efgh.rooms.test", 404),
            ] {
                #expect(try await house.send("GET", host, "/head").status == status, "\(host)")
            }
        }
    }

    @Test("lose one of them, which answers nowhere, WebSockets included, until it is back")
    func removed() async throws {
        try await withPortals { house in
            let client = await house.client()
            let own = try await client.upgrade(
                house.request("GET", "abcd.labs.test", "/ws"), to: house.address, timeout: .seconds(10))
            let gone = try await client.upgrade(
                house.request("GET", "efgh.rooms.test", "/ws"), to: house.address, timeout: .seconds(10))
            for socket in [own, gone] { #expect(try await socket.receive() == .text("hello")) }
            house.edge.apply([.portals([.school])])
            #expect(try await gone.receive() == nil)
            #expect(await gone.closeCode == 1001)
            try await own.send(.text("still here"))
            #expect(try await own.receive() == .text("still here"))
            for host in ["acme.test", "efgh.rooms.test", "gone.rooms.test"] {
                #expect(try await house.send("GET", host, "/head").status == 404, "\(host)")
            }
            #expect(try await house.send("GET", "efgh.labs.test", "/head").status == 404)
            #expect(await house.refusal(of: house.request("GET", "efgh.rooms.test", "/ws")) == 404)
            #expect(try await house.send("GET", "abcd.labs.test", "/head").status == 200)

            house.edge.apply([.portals([.school, .acme])])
            await house.edge.applied()
            #expect(try await house.send("GET", "efgh.rooms.test", "/head").status == 200)
            #expect(try await house.send("GET", "acme.test", "/head").received("X-Carrel-Portal") == ["acme"])
            await own.close()
            await client.close()
        }
    }
}
