import HTTPTransport
import HTTPWire
import TLS
import Testing

@testable import Edge

@Suite("What a lab's answer may do beyond the lab")
struct LabAnswerFieldsTests {
    private static let host = "abcd.labs.example"

    private func respond(
        _ name: String, _ value: String, isNavigation: Bool = false, keepsHSTS: Bool = false
    ) -> [String] {
        let head = ResponseHead(status: 200, fields: ["Server": "x", "ETag": "y"])
        var changed = head
        changed.fields.append(name, value)
        var bytes: [UInt8] = []
        ResponseRewriting.writeFromLab(
            changed, framing: .length(0), host: { Self.host }, upstream: .tcp(host: "10.0.0.7", port: 32_768),
            isWebSocket: false, isNavigation: isNavigation, keepsHSTS: keepsHSTS,
            frames: FramePolicy(embeddedIn: ["https://c.example"]), into: &bytes)
        bytes.append(contentsOf: "\r\n".utf8)
        var parser = ResponseParser()
        parser.expect(requestMethod: "GET")
        var position = 0
        let event = bytes.withUnsafeBytes { try? parser.next(in: $0, at: &position) }
        #expect(event == .head)
        #expect(parser.head.fields.first("Server") == "x" && parser.head.fields.first("ETag") == "y")
        return parser.head.fields.all(name)
    }

    /// Values that reach beyond the lab, for the fields that are narrowed, and their replacements.
    private static let narrowed: [String: [(String, [String])]] = [
        "set-cookie": [
            ("a=1; Domain=labs.example", ["a=1"]), ("__Host-carrel=x; Path=/; Secure", []), ("a=1", ["a=1"]),
        ],
        "location": [
            ("http://10.0.0.7:32768/x", ["https://abcd.labs.example/x"]),
            ("https://evil.example/", ["https://evil.example/"]),
        ],
        "refresh": [
            ("5", ["5"]), ("0; url=/x", ["0; url=/x"]),
            ("0; URL='http://10.0.0.7:32768/x'", ["0; URL=https://abcd.labs.example/x"]),
            ("1;url=http://abcd.labs.example/x", ["1;url=https://abcd.labs.example/x"]),
            ("0; url=https://evil.example/", ["0; url=https://evil.example/"]),
        ],
    ]

    @Test(
        "is what the table says, row by row, in any case and with underscores",
        arguments: LabAnswerFields.rows.map { "\($0.name)" })
    func rows(name: String) throws {
        let row = try #require(LabAnswerFields.rows.first { "\($0.name)" == name })
        #expect(!"\(row.why)".isEmpty)
        for spelling in [name, name.uppercased(), name.replacing("-", with: "_")] {
            let isHyphenated = spelling == name || spelling == name.uppercased()
            switch row.verdict {
            case .pass:
                #expect(respond(spelling, "value") == ["value"])
            case .drop:
                #expect(respond(spelling, "value").isEmpty)
                #expect(respond(spelling, "value", keepsHSTS: true).isEmpty)
            case .dropOnOurHostnames:
                #expect(respond(spelling, "max-age=1; includeSubDomains").isEmpty)
                #expect(respond(spelling, "max-age=1", keepsHSTS: true) == ["max-age=1"])
            case .dropFromPages:
                #expect(respond(spelling, "value") == ["value"])
                #expect(!respond(spelling, "value", isNavigation: true).contains("value"))
            case .narrow:
                for (value, left) in try #require(Self.narrowed[name], "a row without an example") where isHyphenated {
                    #expect(respond(spelling, value) == left, "\(spelling): \(value)")
                }
            case .frames where isHyphenated:
                #expect(
                    respond(spelling, "frame-ancestors *").allSatisfy {
                        $0.hasPrefix("frame-ancestors 'self' https://c.example")
                    })
            case .frames: break
            }
        }
    }

    @Test(
        "lets none of these through, whatever the table says",
        arguments: [
            "Alt-Svc", "Public-Key-Pins", "Public-Key-Pins-Report-Only", "Expect-CT", "Service-Worker-Allowed",
            "Clear-Site-Data", "NEL", "Report-To", "Origin-Trial", "Critical-Origin-Trial", "Set-Login",
            "Sec-Session-Registration", "Secure-Session-Registration", "Sec-Session-Challenge",
            "Secure-Session-Challenge", "Attribution-Reporting-Register-Source",
            "Attribution-Reporting-Register-Trigger", "Shared-Storage-Write", "Observe-Browsing-Topics", "Set-Cookie2",
            "Strict-Transport-Security",
        ])
    func kept(name: String) { #expect(respond(name, "value").isEmpty) }

    @Test("leads a Refresh with the lab's inner address back to its hostname")
    func refresh() {
        #expect(respond("Refresh", "0; url=http://10.0.0.7:32768/x") == ["0; url=https://abcd.labs.example/x"])
        #expect(respond("Refresh", "0; url=/x") == ["0; url=/x"])
    }

    @Test("has every field once, in lower case; and what has no row passes")
    func table() {
        let names = LabAnswerFields.rows.map { "\($0.name)" }
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0 == $0.lowercased() && $0.utf8.count < 64 })
        for name in ["X-Anything", "Content-Type", "Set-Cookies", "NELL", String(repeating: "x", count: 70)] {
            #expect(respond(name, "value") == ["value"])
        }
    }

    @Test("a page is asked for again before it is shown again, and what a page loads is kept as the lab says")
    func pages() async throws {
        try await withHouse { house in
            let forever = "Cache-Control: max-age=31536000, immutable"
            let navigations: [HeaderFields] = [
                ["Sec-Fetch-Mode": "navigate", "X-Answer": forever], ["Accept": "text/html", "X-Answer": forever],
            ]
            for fields in navigations {
                let page = try await house.send("GET", "abcd.labs.test", "/files/fields", fields)
                #expect(page.status == 200 && page.fields.all("Cache-Control") == ["no-cache"])
            }
            let loaded = try await house.send(
                "GET", "abcd.labs.test", "/files/fields", ["Sec-Fetch-Mode": "no-cors", "X-Answer": forever])
            #expect(loaded.fields.all("Cache-Control") == ["max-age=31536000, immutable"])
        }
    }

    @Test("what a page has loaded is not taken out of the cache as a page, nor as a worker's script for the hostname")
    func vary() async throws {
        try await withHouse { house in
            func vary(_ target: String, _ mode: String?, host: String = "abcd.labs.test") async throws -> [String] {
                var fields: HeaderFields = ["X-Answer": "Vary: Accept"]
                if let mode { fields.append("Sec-Fetch-Mode", mode) }
                return try await house.send("GET", host, target, fields).fields.all("Vary")
            }
            for mode in ["cors", "no-cors", nil] as [String?] {
                let (root, deeper) = (try await vary("/head", mode), try await vary("/deeper/head", mode))
                let own = try await vary("/files/fields", mode)
                #expect(root == ["Service-Worker, Sec-Fetch-Mode"] && deeper == ["Sec-Fetch-Mode"])
                #expect(own == ["Accept", "Sec-Fetch-Mode"])
            }
            #expect(try await vary("/head", "navigate") == ["Service-Worker"])
            #expect(try await vary("/files/fields", "navigate") == ["Accept"])
            #expect(try await vary("/head", "cors", host: "portal.test").isEmpty)
        }
    }

    @Test("a page of a lab is shown in frames of its own only", arguments: [Edge.LabKind.http, .rstudio, .jupyter])
    func frames(kind: Edge.LabKind) async throws {
        try await withHouse(kind: kind) { house in
            let page = try await house.send("GET", "abcd.labs.test", "/", ["Sec-Fetch-Mode": "navigate"])
            #expect(page.fields.all("Content-Security-Policy") == ["frame-ancestors 'self'"])
            let loaded = try await house.send("GET", "abcd.labs.test", "/", ["Sec-Fetch-Mode": "cors"])
            #expect(!loaded.fields.contains("Content-Security-Policy"))
        }
    }

    @Test("a page that another lab shows within itself is refused and does not count; the lab's own frames do")
    func framed() async throws {
        func frame(_ site: String) -> HeaderFields {
            ["Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": site]
        }
        try await withHouse { house in
            let sibling = try await house.send("GET", "abcd.labs.test", "/", frame("same-site"))
            #expect(sibling.status == 403 && sibling.text.contains("<h1>A lab has a tab of its own</h1>"))
            #expect(house.lab.heads.isEmpty)
            #expect(try await house.send("GET", "abcd.labs.test", "/", frame("cross-site")).status == 200)
            // A use of another lab is reported no sooner than the earlier one would be.
            house.edge.apply([
                .set(
                    LabRoute(
                        slug: "next", portal: "school", upstream: house.labAddress, kind: .jupyter, authorization: nil,
                        grants: [SHA256.digest("secret")]))
            ])
            #expect(try await house.send("GET", "next.labs.test", "/", frame("same-origin")).status == 200)
            try await eventually("the other lab's use is reported") { house.activity.last("next") != nil }
            #expect(house.activity.last("abcd") == nil)
            #expect(try await house.send("GET", "abcd.labs.test", "/", frame("same-origin")).status == 200)
            try await eventually("it counts") { house.activity.last("abcd") != nil }
        }
        func embedded(_ configuration: inout EdgeConfiguration) {
            configuration.portals[0].embeddedIn = ["https://courses.test"]
        }
        try await withHouse(change: embedded) { house in
            let shown = try await house.send("GET", "abcd.labs.test", "/", frame("same-site"))
            #expect(shown.status == 200)
            #expect(shown.fields.all("Content-Security-Policy") == ["frame-ancestors 'self' https://courses.test"])
            try await eventually("it counts") { house.activity.last("abcd") != nil }
        }
    }

    @Test("a worker that asks for more than its folder is replaced, and a page that does so is not")
    func widerWorker() async throws {
        try await withHouse { house in
            let worker: HeaderFields = ["Service-Worker": "script", "X-Answer": "Service-Worker-Allowed: /"]
            let replaced = try await house.send("GET", "abcd.labs.test", "/files/fields", worker)
            #expect(replaced.status == 200 && replaced.text.contains("registration.unregister()"))
            let page = try await house.send(
                "GET", "abcd.labs.test", "/files/fields", ["X-Answer": "Service-Worker-Allowed: /"])
            #expect(
                page.status == 200 && !page.text.contains("unregister")
                    && !page.fields.contains("Service-Worker-Allowed"))
            let narrow = try await house.send("GET", "abcd.labs.test", "/files/fields", ["Service-Worker": "script"])
            #expect(narrow.status == 200 && !narrow.text.contains("unregister"))
        }
    }
}
