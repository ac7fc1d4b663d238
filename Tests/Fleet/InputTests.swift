import Foundation
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("Bad input at the edge") struct InputTests {
        private static func lab(_ label: String) -> String { "\(label).\(Plan.labsDomain)" }

        @Test("unknown hostnames get a plain answer that repeats nothing, and create nothing")
        func unknownHostnames() async throws {
            try await withFleet(Plan()) { fleet in
                let port = fleet.port
                let browser = fleet.browser()
                let unknown = URL(string: "https://\(Self.lab("nosuchlabatall")):\(port)/")!
                #expect(try await browser.send("GET", unknown, for: .navigation).status == 404)
                #expect(try await browser.send("GET", unknown.at("/api/status")).status == 404)

                // The TLS handshake has a name that the certificate covers, and the request asks for another one.
                for (asked, expected) in [
                    ("somebody.else.example", 421), ("127.0.0.1", 421), (Self.lab("a.b"), 421),
                    (Plan.labsDomain, 421), ("PORTAL.test", 200),
                ] {
                    let answer = try await fleet.raw(
                        "GET / HTTP/1.1\r\nHost: \(asked):\(port)\r\nConnection: close\r\n\r\n")
                    #expect(answer.hasPrefix("HTTP/1.1 \(expected) "), "\(asked): \(answer.prefix(100))")
                    if expected != 200 { #expect(!answer.contains(asked), "\(asked)") }
                }
                #expect(try await fleet.sessions().isEmpty)
            }
        }

        private static let host = "Host: \(Plan.portal)\r\n"
        private static let malformed: [(what: String, request: String, statuses: Set<Int>)] = [
            ("no HTTP at all", "hello\r\n\r\n", [400]),
            ("no Host", "GET / HTTP/1.1\r\n\r\n", [400]),
            ("two Hosts", "GET / HTTP/1.1\r\n\(host)Host: b.test\r\n\r\n", [400]),
            ("a broken Host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", [400]),
            ("a space before the colon", "GET / HTTP/1.1\r\n\(host)X : 1\r\n\r\n", [400]),
            ("a folded field", "GET / HTTP/1.1\r\n\(host)X: 1\r\n 2\r\n\r\n", [400]),
            ("a bare CR", "GET / HTTP/1.1\r\n\(host)X: 1\r2\r\n\r\n", [400]),
            ("a NUL", "GET / HTTP/1.1\r\n\(host)X: 1\0\r\n\r\n", [400]),
            (
                "both framings",
                "POST / HTTP/1.1\r\n\(host)Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400]
            ),
            ("two lengths", "POST / HTTP/1.1\r\n\(host)Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", [400]),
            ("a negative length", "POST / HTTP/1.1\r\n\(host)Content-Length: -1\r\n\r\n", [400]),
            ("an endless length", "POST / HTTP/1.1\r\n\(host)Content-Length: 99999999999999999999\r\n\r\n", [400]),
            ("an unknown coding", "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: gzip, chunked\r\n\r\n", [400, 501]),
            (
                "a chunk size that overflows",
                "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", [400]
            ),
            ("a target of 100 KB", "GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\n\(host)\r\n", [414]),
            (
                "fields of 200 KB", "GET / HTTP/1.1\r\n\(host)X: \(String(repeating: "a", count: 200_000))\r\n\r\n",
                [431]
            ),
            ("a thousand fields", "GET / HTTP/1.1\r\n\(host)\(String(repeating: "X: 1\r\n", count: 1000))\r\n", [431]),
            ("HTTP/3.7", "GET / HTTP/3.7\r\n\(host)\r\n", [400, 505]),
            ("a target that is a field", "GET\t/ HTTP/1.1\r\n\(host)\r\n", [400]),
            ("CONNECT", "CONNECT \(Plan.portal):443 HTTP/1.1\r\n\(host)\r\n", [400, 405, 501]),
        ]

        @Test("malformed requests are refused on the spot, and the broker serves the next one")
        func malformedRequests() async throws {
            try await withFleet(Plan()) { fleet in
                for (what, request, statuses) in Self.malformed {
                    let answer = try await fleet.raw(request)
                    let status = Int(answer.split(separator: " ").dropFirst().first ?? "") ?? 0
                    #expect(statuses.contains(status), "\(what): \(answer.prefix(200))")
                    // After a malformed request, the rest of the connection must not be interpreted.
                    #expect(!answer.dropFirst(8).contains("HTTP/1.1 200"), "\(what)")
                }
                // Bytes that are not TLS, and a connection that sends nothing.
                let port = fleet.port
                for bytes in ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\u{16}\u{3}\u{1}\u{7f}", ""] {
                    let rest = try await blocking {
                        let wire = try Wire(address: "127.0.0.1", port: port)
                        try wire.send(bytes)
                        wire.finishSending()
                        return wire.rest()
                    }
                    #expect(!String(decoding: rest, as: UTF8.self).contains("200 OK"))
                }
                #expect(try fleet.exitStatus() == nil)
                let home = try await fleet.browser().visit(fleet.portal)
                #expect(home.response.status == 200)
            }
        }
    }
}
