import Glibc
import Testing

@testable import TLS

@Suite("The certificate store")
struct CertificateStoreTests {
    @Test("a server chooses by exact name, then wildcard, else the default")
    func choice() throws {
        let fixtures = try Fixtures()
        let portal = try fixtures.server("portal.example", file: "portal")
        let labs = try fixtures.server("*.labs.example", file: "labs")
        let special = try fixtures.server("special.labs.example", file: "special")
        let store = try CertificateStore([portal, labs, special])
        let names = { (asked: String?) in store.certificate(for: asked).names }
        #expect(names("portal.example") == ["portal.example"])
        #expect(names("Abc.LABS.example") == ["*.labs.example"])
        #expect(names("special.labs.example") == ["special.labs.example"])
        #expect(names("a.b.labs.example") == ["portal.example"])
        #expect(names(nil) == ["portal.example"])

        #expect(store.covers(hostname: "abc.labs.example."))
        #expect(!store.covers(hostname: "labs.example"))
        #expect(!store.covers(hostname: ""))

        let server = try TLSServerContext(store: store)
        for name in ["portal.example", "x.labs.example", "special.labs.example"] {
            try Pair(fixtures.clientContext(), server, name: name).handshake()
        }
    }

    @Test("the names of a certificate follow from the name that the client requests, and cover hosts in any case")
    func names() throws {
        let fixtures = try Fixtures()
        let school = try fixtures.server("portal.example", file: "portal")
        let labs = try fixtures.server("*.labs.example", file: "labs")
        let store = try CertificateStore([school, labs])
        func covers(_ serverName: String?, _ host: String) throws -> Bool {
            let names = try #require(store.names(for: serverName))
            return Array(host.utf8).withUnsafeBytes { names.covers($0) }
        }
        for name in ["portal.example", "Portal.Example.", "unknown.example", nil] {
            #expect(try covers(name, "portal.example") && covers(name, "PORTAL.example"))
            #expect(try !covers(name, "a.labs.example"))
        }
        for host in ["a.labs.example", "B.LABS.Example", "8080--abc.labs.example"] {
            #expect(try covers("x.labs.example", host))
        }
        for host in [
            "labs.example", ".labs.example", "a.b.labs.example", "a.labs.example.", "xlabs.example", "portal.example",
            "*", "a", "",
        ] {
            #expect(try !covers("x.labs.example", host), "\(host)")
        }
        try store.replace([school])
        #expect(store.names(for: "portal.example") == nil, "every connection has the same one")
    }

    @Test("a reload serves the new certificate to the next handshake")
    func reload() throws {
        let fixtures = try Fixtures()
        let files = try fixtures.server("old.example")
        let store = try CertificateStore([files])
        let server = try TLSServerContext(store: store)
        try Pair(fixtures.clientContext(), server, name: "old.example").handshake()
        _ = try fixtures.server("new.example")
        #expect(throws: TLSError.self) { try Pair(fixtures.clientContext(), server, name: "new.example").handshake() }
        try store.reload()
        try Pair(fixtures.clientContext(), server, name: "new.example").handshake()
        #expect(store.covers(hostname: "new.example") && !store.covers(hostname: "old.example"))
    }

    @Test("a certificate that was loaded later is given to OpenSSL once, and all else holds for its connections too")
    func laterCertificates() throws {
        let fixtures = try Fixtures()
        let store = try CertificateStore([fixtures.server("old.example"), fixtures.server("b.example", file: "b")])
        let server = try TLSServerContext(store: store)
        let client = try fixtures.clientContext()
        // OpenSSL does not take up the session of a connection that was freed without an end.
        var kept: [Pair] = []
        func shake(_ name: String) throws -> Pair {
            let pair = try Pair(client, server, name: name)
            kept.append(pair)
            try pair.handshake()
            try pair.server.write("an answer")
            try pair.move(from: pair.server, to: pair.client)
            #expect(try pair.client.readText() == "an answer")
            #expect(pair.server.serverName == name && pair.server.negotiatedALPN == "http/1.1")
            return pair
        }
        #expect(try !shake("old.example").server.isResumed)
        #expect(server.otherContexts == 0)
        #expect(try !shake("b.example").server.isResumed)
        #expect(try shake("b.example").server.isResumed)
        #expect(server.otherContexts == 1)
        _ = try fixtures.server("new.example")
        try store.reload()
        #expect(try !shake("new.example").server.isResumed)
        #expect(try shake("new.example").server.isResumed)
        #expect(throws: TLSError.self) { try Pair(fixtures.clientContext(), server, name: "old.example").handshake() }
        #expect(server.otherContexts == 2)
    }

    @Test("so many later certificates have a context, and the oldest goes first")
    func manyCertificates() throws {
        let fixtures = try Fixtures()
        let store = try CertificateStore([fixtures.server("lab.example")])
        let server = try TLSServerContext(store: store)
        for _ in 0..<260 {
            try store.reload()
            try Pair(fixtures.clientContext(), server, name: "lab.example").handshake()
        }
        #expect(server.otherContexts == 256)
    }

    @Test("an invalid new pair is named in the error, and the old stays in force")
    func invalidReload() throws {
        let fixtures = try Fixtures()
        let files = try fixtures.server("lab.example")
        let other = try fixtures.server("other.example", file: "other")
        let store = try CertificateStore([files])
        try FileAccess.replace(files.keyPath, with: FileAccess.read(other.keyPath), mode: 0o600)
        let mismatch = #expect(throws: TLSError.self) { try store.reload() }
        #expect(mismatch?.code == .certificate)
        #expect(mismatch?.message.contains(files.keyPath) == true)
        try FileAccess.replace(files.certificatePath, with: Array("no certificate".utf8), mode: 0o644)
        #expect(throws: TLSError.self) { try store.reload() }
        unlink(files.certificatePath)
        let missing = #expect(throws: TLSError.self) { try store.reload() }
        #expect(missing?.message.contains("No such file") == true)
        #expect(store.covers(hostname: "lab.example"))
        try Pair(fixtures.clientContext(), TLSServerContext(store: store), name: "lab.example").handshake()
    }

    @Test("tells once of each change of the files, through symbolic links, and of none after a reload")
    func changes() throws {
        let fixtures = try Fixtures()
        let files = try fixtures.server("one.example")
        let other = try fixtures.server("two.example", file: "two")
        let live = CertificateFiles(
            certificatePath: fixtures.directory + "/live.pem", keyPath: fixtures.directory + "/live.key")
        symlink(files.certificatePath, live.certificatePath)
        symlink(files.keyPath, live.keyPath)
        let store = try CertificateStore([live])
        #expect(!store.takeChange())
        unlink(live.certificatePath)
        symlink(other.certificatePath, live.certificatePath)
        #expect(store.takeChange() && !store.takeChange())
        #expect(throws: TLSError.self, "the key has not come yet") { try store.reload() }
        unlink(live.keyPath)
        symlink(other.keyPath, live.keyPath)
        try store.reload()
        #expect(!store.takeChange() && store.covers(hostname: "two.example"))
        unlink(live.keyPath)
        #expect(store.takeChange() && !store.takeChange(), "a file that is gone is a change too")
    }

    @Test("no certificate at all is an error")
    func empty() {
        #expect(throws: TLSError.self) { try CertificateStore([]) }
    }

    @Test("a file that cannot be a certificate is not read to its end")
    func hugeFile() {
        let files = CertificateFiles(certificatePath: "/dev/zero", keyPath: "/dev/zero")
        let error = #expect(throws: TLSError.self) { try CertificateStore([files]) }
        #expect(error?.message.contains("larger than") == true)
    }
}
