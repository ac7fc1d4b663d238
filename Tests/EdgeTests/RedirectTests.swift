import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import Testing

@testable import Edge

/// The listener without TLS, and the fields that the edge adds about itself over TLS.
struct RedirectTests {
    private func withRedirect(
        publicPort: Int = 8443, webroot: String? = nil,
        _ body: (House, @escaping @Sendable (HTTPClientRequest) async throws -> HTTPClientResponse) async throws -> Void
    ) async throws {
        let change = { (configuration: inout EdgeConfiguration) in
            configuration.redirect = RedirectConfiguration(
                listen: [.ip(address: "127.0.0.1", port: 0)], publicPort: publicPort, acmeWebroot: webroot)
        }
        try await withHouse(loops: 2, change: change) { house in
            guard case .ip(_, let port)? = house.edge.boundRedirectAddresses.first else {
                Issue.record("it does not listen")
                return
            }
            try await body(house) { request in
                let client = await HTTPClient()
                let response = try await client.send(
                    request, to: .tcp(host: "127.0.0.1", port: port), timeout: .seconds(10), bodyLimit: 1 << 16)
                await client.close()
                return response
            }
        }
    }

    private func get(_ host: String, _ target: String, method: String = "GET") -> HTTPClientRequest {
        HTTPClientRequest(method: method, target: target, authority: host)
    }

    @Test("leads browsers to the same address by https, and nobody else anywhere")
    func redirect() async throws {
        try await withRedirect { house, send in
            let page = try await send(get("portal.test", "/launch?a=1&b=2"))
            #expect(page.status == 308)
            #expect(page.fields.first("Location") == "https://portal.test:8443/launch?a=1&b=2")
            let lab = try await send(get("ABCD.labs.test:80", "/lab", method: "HEAD"))
            #expect(lab.fields.first("Location") == "https://abcd.labs.test:8443/lab")
            let absolute = try await send(get("portal.test", "http://evil.test/x"))
            #expect(absolute.status == 404 && absolute.fields.first("Location") == nil)
            for host in ["evil.test", "labs.test", "not_a_slug.labs.test", "127.0.0.1"] {
                let answer = try await send(get(host, "/x"))
                #expect(answer.status == 404 && answer.fields.first("Location") == nil, "\(host)")
                #expect(!String(decoding: answer.body, as: UTF8.self).contains(host))
            }
            let post = try await send(get("portal.test", "/launch", method: "POST"))
            #expect(post.status == 403 && post.fields.first("Location") == nil)
            #expect(house.lab.heads.isEmpty && house.portal.heads.isEmpty)
        }
        try await withRedirect(publicPort: 443) { _, send in
            let page = try await send(get("portal.test", "/"))
            #expect(page.fields.first("Location") == "https://portal.test/")
        }
    }

    @Test("hands out the answers to ACME challenges, and no other file")
    func challenges() async throws {
        let webroot = NSTemporaryDirectory() + "carrel-acme-\(UUID().uuidString)"
        let folder = webroot + "/.well-known/acme-challenge"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: webroot) }
        try Data("token.thumbprint".utf8).write(to: URL(fileURLWithPath: folder + "/To-ken_1"))
        try Data("secret".utf8).write(to: URL(fileURLWithPath: webroot + "/secret"))
        try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: webroot + "/secret")
        #expect(mkfifo(folder + "/pipe", 0o600) == 0)
        try Data(repeating: 65, count: ACMEWebroot.fileBytes + 1).write(to: URL(fileURLWithPath: folder + "/long"))
        try await withRedirect(webroot: webroot) { _, send in
            let found = try await send(get("any.example", "/.well-known/acme-challenge/To-ken_1"))
            #expect(found.status == 200 && found.body == Array("token.thumbprint".utf8))
            for token in ["none", "link", "pipe", "long"] {
                #expect(try await send(get("portal.test", "/.well-known/acme-challenge/\(token)")).status == 404)
            }
            for target in ["../../secret", "%2e%2e/secret", "", "a/b", "."] {
                let answer = try await send(get("portal.test", "/.well-known/acme-challenge/\(target)"))
                #expect(answer.status == 308, "no token: \(target)")
            }
        }
        try await withRedirect { _, send in
            let none = try await send(get("portal.test", "/.well-known/acme-challenge/To-ken_1"))
            #expect(none.status == 404)
        }
    }

    @Test("over TLS every answer tells browsers to come by https only, in the edge's words alone")
    func hsts() async throws {
        try await withHouse { house in
            for (host, path) in [("abcd.labs.test", "/hsts"), ("portal.test", "/"), ("zzzz.labs.test", "/x")] {
                let fields = try await house.send("GET", host, path).fields
                #expect(Array(fields.all("Strict-Transport-Security")) == ["max-age=31536000"], "\(host)")
            }
            let refused = try await house.send("GET", "abcd.labs.test", "/x", cookie: nil)
            #expect(refused.status == 403 && refused.fields.contains("Strict-Transport-Security"))
        }
        let silent = { (configuration: inout EdgeConfiguration) in configuration.hstsSeconds = 0 }
        try await withHouse(change: silent) { house in
            let fields = try await house.send("GET", "abcd.labs.test", "/hsts").fields
            #expect(!fields.contains("Strict-Transport-Security"))
        }
    }
}
