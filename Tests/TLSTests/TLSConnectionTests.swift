import COpenSSL
import Testing

@testable import TLS

@Suite("A TLS connection in memory")
struct TLSConnectionTests {
    @Test("a handshake and an exchange work however the ciphertext is cut", arguments: [1, 2, 5, 17, 1000, .max])
    func splits(piece: Int) throws {
        let fixtures = try Fixtures()
        let pair = try Pair(
            fixtures.clientContext(), fixtures.serverContext("lab.example"), name: "lab.example", piece: piece)
        try pair.handshake()
        #expect(pair.server.serverName == "lab.example")
        #expect(pair.client.negotiatedALPN == "http/1.1")
        #expect(pair.server.negotiatedALPN == "http/1.1")
        #expect(pair.client.protocolVersion == "TLSv1.3")

        let body = SecureRandom.bytes(100_000)
        try body.withUnsafeBytes { try pair.client.write($0) }
        var received: [UInt8] = []
        try pair.move(from: pair.client, to: pair.server) { received += try pair.server.readAll().bytes }
        #expect(received == body)

        try pair.server.write("fine")
        try pair.move(from: pair.server, to: pair.client)
        #expect(try pair.client.readText() == "fine")
    }

    @Test("a head and a small body share one record; a large body fills the first")
    func jointWrite() throws {
        let fixtures = try Fixtures()
        let pair = try Pair(fixtures.clientContext(), fixtures.serverContext("lab.example"), name: "lab.example")
        try pair.handshake()
        _ = try pair.client.readAll()
        for (size, records) in [
            (10, 1), (TLSConnection.largestRecord - 4, 1), (TLSConnection.largestRecord, 2), (0, 1),
        ] {
            let body = SecureRandom.bytes(size)
            try Array("head".utf8).withUnsafeBytes { head in
                try body.withUnsafeBytes { try pair.server.write(head, $0) }
            }
            var count = 0
            pair.server.drainCiphertext { ciphertext in
                var at = 0
                while at < ciphertext.count {
                    count += 1
                    at += 5 + Int(ciphertext[at + 3]) << 8 + Int(ciphertext[at + 4])
                }
                try? pair.client.receive(ciphertext)
            }
            #expect(count == records)
            #expect(try pair.client.readAll().bytes == Array("head".utf8) + body)
        }
    }

    @Test("whoever reads for as long as something may be unread misses nothing", arguments: [1, 3, 5, 29, 700, .max])
    func unread(piece: Int) throws {
        let fixtures = try Fixtures()
        let pair = try Pair(
            fixtures.clientContext(), fixtures.serverContext("lab.example"), name: "lab.example", piece: piece)
        try pair.handshake()
        _ = try pair.server.readAll()
        #expect(!pair.server.hasUnread)
        let message = SecureRandom.bytes(40_000)
        try message.withUnsafeBytes { try pair.client.write($0) }
        // A key update comes between two messages and gives nothing by itself; close_notify comes behind the last.
        #expect(SSL_key_update(pair.client.connection, SSL_KEY_UPDATE_REQUESTED) == 1)
        #expect(SSL_do_handshake(pair.client.connection) == 1)
        try pair.client.write("more")
        pair.client.sendCloseNotify()
        var received: [UInt8] = []
        var isClosed = false
        var room = [UInt8](repeating: 0, count: TLSConnection.largestRecord)
        try pair.move(from: pair.client, to: pair.server) {
            repeat {
                switch try room.withUnsafeMutableBytes({ try pair.server.read(into: $0) }) {
                case .bytes(let count): received += room[..<count]
                case .wouldBlock: return
                case .closed: isClosed = true
                }
            } while pair.server.hasUnread && !isClosed
        }
        #expect(received == message + Array("more".utf8))
        #expect(isClosed)
        // The answer to the key update is right too.
        try pair.server.write("fine")
        try pair.move(from: pair.server, to: pair.client)
        #expect(try pair.client.readText() == "fine")
    }

    @Test("the ticket of TLS 1.3 is held for the first answer, and is good then")
    func heldTicket() throws {
        let fixtures = try Fixtures()
        let (client, server) = (try fixtures.clientContext(), try fixtures.serverContext("lab.example"))
        let rooms = TLSRooms()
        // OpenSSL does not take up the session of a connection that was freed without an end.
        var kept: [Pair] = []
        for isResumed in [false, true] {
            let pair = try Pair(
                client: TLSConnection(client: client, serverName: "lab.example"),
                server: TLSConnection(server: server, rooms: rooms))
            kept.append(pair)
            #expect(try !pair.client.advanceHandshake())
            try pair.move(from: pair.client, to: pair.server) { _ = try pair.server.advanceHandshake() }
            #expect(!pair.server.holdsTickets)
            try pair.move(from: pair.server, to: pair.client) { _ = try pair.client.advanceHandshake() }
            #expect(pair.client.isHandshakeFinished)
            try pair.move(from: pair.client, to: pair.server) { _ = try pair.server.advanceHandshake() }
            #expect(pair.server.isHandshakeFinished)
            #expect(pair.server.holdsTickets)
            try pair.server.write("an answer")
            try pair.move(from: pair.server, to: pair.client)
            #expect(!pair.server.holdsTickets)
            #expect(try pair.client.readText() == "an answer")
            #expect(pair.server.isResumed == isResumed)
        }
    }

    @Test("a certificate that does not bear the name is refused, and the message says so")
    func wrongName() throws {
        let fixtures = try Fixtures()
        let pair = try Pair(fixtures.clientContext(), fixtures.serverContext("lab.example"), name: "bank.example")
        let error = #expect(throws: TLSError.self) { try pair.handshake() }
        #expect(error?.code == .untrustedPeer)
        #expect(error?.message.contains("bank.example") == true)
        #expect(error?.message.lowercased().contains("hostname mismatch") == true)
        // A failed connection stays failed.
        #expect(throws: TLSError.self) { try pair.client.write("secret") }
        // The server learns it from the alert.
        #expect(throws: TLSError.self) {
            try pair.move(from: pair.client, to: pair.server)
            _ = try pair.server.advanceHandshake()
            _ = try pair.server.readAll()
        }
    }

    @Test("a server of an unknown authority is refused")
    func unknownAuthority() throws {
        let fixtures = try Fixtures()
        let other = try DevelopmentCA(directory: "\(fixtures.directory)/other")
        let client = try TLSClientContext(trust: .file(other.certificatePath))
        let pair = try Pair(client, fixtures.serverContext("lab.example"), name: "lab.example")
        #expect(throws: TLSError.self) { try pair.handshake() }
    }

    @Test("wildcards cover one label, IP addresses are verified as such")
    func namesOfAllKinds() throws {
        let fixtures = try Fixtures()
        let server = try fixtures.serverContext("*.labs.example", "10.1.2.3", "fd00::1")
        for name in ["abc.labs.example", "ABC.Labs.Example", "10.1.2.3", "fd00::1", "fd00:0::0:1"] {
            let pair = try Pair(fixtures.clientContext(), server, name: name)
            try pair.handshake()
            #expect(pair.client.isHandshakeFinished)
        }
        for name in ["labs.example", "a.b.labs.example", "10.1.2.4", "fd00::2"] {
            let pair = try Pair(fixtures.clientContext(), server, name: name)
            #expect(throws: TLSError.self) { try pair.handshake() }
        }
    }

    @Test("mutual TLS: a client of our authority passes, one without a certificate or of another is refused")
    func mutualTLS() throws {
        let fixtures = try Fixtures()
        let trust = Trust.file(fixtures.authority.certificatePath)
        let store = try CertificateStore([fixtures.server("10.0.0.1")])
        let server = try TLSServerContext(store: store, requiringClientsOf: trust)

        let known = try TLSClientContext(
            trust: trust, clientCertificate: fixtures.authority.issue("broker", for: .client(name: "broker")))
        let accepted = try Pair(known, server, name: "10.0.0.1")
        try accepted.handshake()
        try accepted.client.write("hello")
        try accepted.move(from: accepted.client, to: accepted.server)
        #expect(try accepted.server.readText() == "hello")

        let other = try DevelopmentCA(directory: "\(fixtures.directory)/other")
        for certificate in [nil, try other.issue("broker", for: .client(name: "broker"))] {
            let stranger = try TLSClientContext(trust: trust, clientCertificate: certificate)
            let refused = try Pair(stranger, server, name: "10.0.0.1")
            #expect(throws: TLSError.self) { try refused.handshake() }
            // TLS 1.3: the client believes to be done; the alert reaches it as it reads.
            try? refused.move(from: refused.server, to: refused.client)
            #expect(throws: TLSError.self) { _ = try refused.client.readAll() }
        }
    }

    @Test("close_notify is an end, a cut is an error, and the other direction still works after an end")
    func endings() throws {
        let fixtures = try Fixtures()
        let client = try fixtures.clientContext()
        let server = try fixtures.serverContext("lab.example")

        let ended = try Pair(client, server, name: "lab.example")
        try ended.handshake()
        try ended.client.write("last words")
        ended.client.sendCloseNotify()
        ended.client.sendCloseNotify()
        try ended.move(from: ended.client, to: ended.server)
        ended.server.receiveEnd()
        let read = try ended.server.readAll()
        #expect(read.bytes == Array("last words".utf8))
        #expect(read.end == .closed)
        #expect(try ended.server.readAll().end == .closed)
        try ended.server.write("understood")
        try ended.move(from: ended.server, to: ended.client)
        #expect(try ended.client.readText() == "understood")

        let cut = try Pair(client, server, name: "lab.example")
        try cut.handshake()
        try cut.client.write("last wor")
        try cut.move(from: cut.client, to: cut.server)
        #expect(try cut.server.readAll().end == .wouldBlock)
        cut.server.receiveEnd()
        let error = #expect(throws: TLSError.self) { _ = try cut.server.readAll() }
        #expect(error?.code == .truncated)
    }

    @Test("a second connection resumes the first one's session, a third server's client does not")
    func resumption() throws {
        let fixtures = try Fixtures()
        let client = try fixtures.clientContext()
        let server = try fixtures.serverContext("lab.example", "other.example")
        let first = try Pair(client, server, name: "lab.example")
        try first.handshake()
        _ = try first.client.readAll()  // the tickets come after the handshake
        #expect(!first.client.isResumed)

        let second = try Pair(client, server, name: "lab.example")
        try second.handshake()
        #expect(second.client.isResumed && second.server.isResumed)

        let elsewhere = try Pair(client, server, name: "other.example")
        try elsewhere.handshake()
        #expect(!elsewhere.client.isResumed)
    }

    @Test("a client that offers only unknown protocols is refused; one that offers none is served")
    func alpn() throws {
        let fixtures = try Fixtures()
        let server = try fixtures.serverContext("lab.example")
        let refused = try Pair(fixtures.clientContext(alpn: ["h2"]), server, name: "lab.example")
        #expect(throws: TLSError.self) { try refused.handshake() }
        let silent = try Pair(fixtures.clientContext(alpn: []), server, name: "lab.example")
        try silent.handshake()
        #expect(silent.server.negotiatedALPN == nil)
    }

    @Test("bytes that are not TLS fail the handshake with OpenSSL's reason, and an alert waits to be sent")
    func notTLS() throws {
        let fixtures = try Fixtures()
        let server = try TLSConnection(server: fixtures.serverContext("lab.example"))
        try Array("GET / HTTP/1.1\r\nHost: lab.example\r\n\r\n".utf8).withUnsafeBytes { try server.receive($0) }
        let error = #expect(throws: TLSError.self) { _ = try server.advanceHandshake() }
        #expect(error?.code == .handshake)
        #expect(error?.message.contains("http request") == true)
    }
}
