import Foundation
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("Access") struct AccessTests {
        @Test("by a link that was forged, altered or has expired is refused with a page, and nothing is created")
        func badLinks() async throws {
            try await withFleet(Plan()) { fleet in
                let good = try await fleet.link("ada").absoluteString
                let brief = try await fleet.link("ada", valid: "1s")
                let expires = try #require(Int64(brief.query("expires") ?? ""))
                try await eventually("the brief link has expired") { nowMilliseconds() > expires * 1000 + 1000 }
                let signature = try #require(URL(string: good)?.query("signature"))
                var bad: [(String, String)] = [
                    ("expired", brief.absoluteString),
                    ("another learner", good.replacing("learner=ada", with: "learner=eve")),
                    ("another name", good.replacing("name=Ada", with: "name=Eve")),
                    ("another lab", good.replacing("lab=python", with: "lab=pythom")),
                    ("a later end", good.replacing(/expires=(\d+)/) { "expires=\($0.1)0" }),
                    ("no signature", good.replacing("signature=\(signature)", with: "signature=")),
                    ("somebody's signature", good.replacing(signature, with: String(signature.reversed()))),
                    ("a parameter twice", good + "&learner=eve"),
                ]
                bad.removeAll { $0.1 == good }
                #expect(bad.count == 8)
                for (what, link) in bad {
                    let visit = try await fleet.browser().visit(try #require(URL(string: link)))
                    #expect((400..<500).contains(visit.response.status), "\(what)")
                    #expect(visit.response.text.contains("</html>"), "\(what)")
                    #expect(visit.response.first("Set-Cookie") == nil, "\(what)")
                }
                #expect(try await fleet.sessions().isEmpty)
                #expect(try await fleet.containers().isEmpty)
            }
        }

        @Test("to a lab needs its own cookie: none, a wrong one and another lab's are refused")
        func cookies() async throws {
            try await withFleet(Plan()) { fleet in
                async let adasLab = fleet.open("ada")
                async let evesLab = fleet.open("eve")
                let (ada, eve) = try await (adasLab, evesLab)
                let (adasHost, evesHost) = (ada.origin.host ?? "", eve.origin.host ?? "")
                let adasCookie = try #require(ada.browser.cookie("__Host-carrel", at: adasHost))
                let evesCookie = try #require(eve.browser.cookie("__Host-carrel", at: evesHost))
                #expect(adasCookie != evesCookie)

                for (what, cookie) in [
                    ("none", nil), ("another lab's", evesCookie), ("a wrong one", String(adasCookie.reversed())),
                    ("an empty one", ""),
                ] {
                    let stranger = fleet.browser()
                    stranger.setCookie("__Host-carrel", cookie, at: adasHost)
                    let lab = Lab(browser: stranger, origin: ada.origin)
                    #expect(try await lab.get("/api/status").status == 403, "\(what)")
                    #expect(try await lab.get("/lab", for: .navigation).status == 403, "\(what)")
                    #expect(try await lab.send("POST", "/api/terminals").status == 403, "\(what)")
                    let socket = "/terminals/websocket/1"
                    let refused = await #expect(throws: WebSocket.Refused.self, "\(what)") {
                        _ = try await stranger.webSocket(ada.origin.at(socket))
                    }
                    #expect(refused?.response.status == 403, "\(what)")
                }
                #expect(try await ada.get("/api/status").status == 200)
            }
        }

        @Test("ends with a sign-out, in open WebSockets too, while the lab and everybody else's go on")
        func signOut() async throws {
            try await withFleet(Plan()) { fleet in
                async let adasLab = fleet.open("ada")
                async let evesLab = fleet.open("eve")
                let (ada, eve) = try await (adasLab, evesLab)
                let terminal = try await ada.openTerminal()
                let told = try await fleet.succeed("sign-out", "ada")
                #expect(told.contains("ada is signed out; 1 browser lost the way into a lab"), "\(told)")
                var code: Int?
                while code == nil {
                    if case .closed(let received) = try await terminal.receive(within: .seconds(20)) { code = received }
                }
                #expect(code == 1001)
                #expect(try await ada.get("/api/status").status == 403)
                #expect(try await ada.get("/lab", for: .navigation).status == 403)
                #expect(try await eve.get("/api/status").status == 200)
                let sessions = try await fleet.sessions()
                #expect(sessions.count == 2 && sessions.allSatisfy { $0.state == "running" })
                // Her link lets her in again, to the same lab.
                let again = try await fleet.open("ada")
                #expect(again.origin == ada.origin)
                #expect(try await again.get("/api/status").status == 200)
            }
        }

        @Test("by the one-time code works once, and the code is good for its own lab only")
        func oneTimeCode() async throws {
            try await withFleet(Plan()) { fleet in
                let lab = try await fleet.open("ada")
                let owner = lab.browser
                let opening = try await owner.send(
                    "GET", fleet.portal.at("/sessions/\(lab.session)/open"), for: .navigation)
                let entry = try #require(opening.first("Location").flatMap(URL.init(string:)))
                #expect(entry.host == lab.origin.host)
                let first = fleet.browser()
                #expect(try await first.send("GET", entry, for: .navigation).status == 303)
                #expect(first.cookie("__Host-carrel", at: entry.host ?? "") != nil)
                let second = fleet.browser()
                #expect(try await second.send("GET", entry, for: .navigation).status >= 400)
                #expect(second.cookie("__Host-carrel", at: entry.host ?? "") == nil)

                // Without the portal's cookie a browser gets neither a code nor the progress of somebody else's
                // session.
                let stranger = fleet.browser()
                for path in ["", "/open", "/events"] {
                    let page = fleet.portal.at("/sessions/\(lab.session)\(path)")
                    #expect(try await stranger.send("GET", page, for: .navigation).status >= 400, "\(path)")
                }
            }
        }

        @Test("from another site's page to a lab is refused, though the cookie is there")
        func crossOrigin() async throws {
            try await withFleet(Plan()) { fleet in
                let lab = try await fleet.open("ada")
                let cookie = try #require(lab.browser.cookie("__Host-carrel", at: lab.origin.host ?? ""))
                let foreign = [
                    ("Cookie", "__Host-carrel=\(cookie)"), ("Origin", "https://evil.test"),
                    ("Sec-Fetch-Site", "cross-site"),
                ]
                let stranger = fleet.browser()
                let post = try await stranger.send("POST", lab.origin.at("/api/terminals"), for: .bare, fields: foreign)
                #expect(post.status == 403)
                #expect(try await lab.get("/api/terminals").json() as? [String] == [])
                let network = fleet.network
                let refused = await #expect(throws: WebSocket.Refused.self) {
                    _ = try await WebSocket.open(
                        lab.origin.at("/api/events/subscribe"), on: network, protocols: [], fields: foreign)
                }
                #expect(refused?.response.status == 403)
            }
        }
    }
}

extension URL {
    fileprivate func query(_ name: String) -> String? {
        URLComponents(url: self, resolvingAgainstBaseURL: false)?.queryItems?.first { $0.name == name }?.value
    }
}
