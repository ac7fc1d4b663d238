import HTTPTransport
import HTTPWire
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

    /// Values that reach beyond the lab, for the fields that are narrowed, and what is left of them.
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

    @Test("a page's own script cannot be taken out of the cache as a worker's for the whole hostname")
    func vary() async throws {
        try await withHouse { house in
            let inRoot = try await house.send("GET", "abcd.labs.test", "/head")
            #expect(inRoot.fields.all("Vary") == ["Service-Worker"])
            let deeper = try await house.send("GET", "abcd.labs.test", "/deeper/head")
            #expect(!deeper.fields.contains("Vary"))
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
