import EventLoop
import HTTPTransport
import Testing

@testable import Edge

/// Tests every limit on what clients may do to the edge, by reaching it.
struct ClientLimitsTests {
    private func limit<Value>(
        _ path: WritableKeyPath<ClientLimits, Value>, _ value: Value
    ) -> (inout EdgeConfiguration) -> Void {
        { $0.limits[keyPath: path] = value }
    }

    @Test("one address has so many connections over all loops, and place again when one has gone")
    func connectionsPerAddress() async throws {
        try await withHouse(loops: 2, change: limit(\.connectionsPerAddress, 2)) { house in
            let first = try await RawClient.connect(to: house)
            let second = try await RawClient.connect(to: house)
            #expect(first.record { $0.isOpen } && second.record { $0.isOpen })
            let third = try await RawClient.connect(to: house)
            #expect(third.record { !$0.isOpen && $0.isClosed }, "closed before the handshake")
            first.close()
            try await eventually("there is place again") {
                let next = try await RawClient.connect(to: house)
                let isOpen = next.record { $0.isOpen }
                await next.stop()
                return isOpen
            }
            for client in [first, second, third] { await client.stop() }
        }
    }

    @Test("IPv6 clients are counted by their network of 64 bits, IPv4 clients one by one however they are written")
    func networks() throws {
        #expect(ClientNetwork("2001:db8:1:2::1") == ClientNetwork("2001:db8:1:2:ffff::9"))
        #expect(ClientNetwork("2001:db8:1:2::1") != ClientNetwork("2001:db8:1:3::1"))
        #expect(ClientNetwork("fe80::1%eth0") == ClientNetwork("fe80::2"))
        #expect(ClientNetwork("10.0.0.1") != ClientNetwork("10.0.0.2"))
        #expect(ClientNetwork("::ffff:10.0.0.1") == ClientNetwork("10.0.0.1"))
        #expect(ClientNetwork("unknown") == nil)
        let counts = AddressCounts(limit: 1)
        let network = try #require(ClientNetwork("10.0.0.1"))
        #expect(counts.admit(network) && !counts.admit(network) && counts.addresses == 1)
        counts.leave(network)
        #expect(counts.addresses == 0 && counts.admit(network))
    }

    @Test("a client that connects and says nothing is closed at the handshake's deadline")
    func handshake() async throws {
        try await withHouse(change: limit(\.handshake, .milliseconds(50))) { house in
            let silent = SilentClient()
            silent.connect(port: house.port)
            try await eventually("closed by the edge") { silent.isOver }
            await silent.loop.stop()
        }
    }

    @Test("a head that does not end is answered 408 at its deadline")
    func head() async throws {
        try await withHouse(change: limit(\.timeouts.head, .milliseconds(50))) { house in
            try await house.withRawClient { client in
                client.send("GET /lab HTTP/1.1\r\nHost: abcd")
                try await eventually("told and closed") {
                    client.text.contains(" 408 ") && client.record { $0.hasEnded }
                }
            }
        }
    }

    @Test("a body that drips is answered 408, although each byte comes within the limit of silence")
    func bodyRate() async throws {
        let change = { (configuration: inout EdgeConfiguration) in
            configuration.limits.timeouts.body = .milliseconds(300)
            configuration.limits.timeouts.minimumBodyRate = 1 << 20
        }
        try await withHouse(change: change) { house in
            try await house.withRawClient { client in
                client.send(house.wire("POST /slow", "Content-Length: 100000\r\n"))
                try await eventually("given up") {
                    client.send("x")
                    return client.text.contains(" 408 ")
                }
            }
            let body = [UInt8](repeating: 1, count: 100_000)
            let whole = try await house.send("POST", "abcd.labs.test", "/fast", body: body)
            #expect(whole.status == 200)
        }
    }

    @Test("an idle connection is closed")
    func idle() async throws {
        try await withHouse(change: limit(\.timeouts.idle, .milliseconds(50))) { house in
            try await house.withRawClient { client in
                try await eventually("closed without a word") { client.record { $0.hasEnded && $0.count == 0 } }
            }
        }
    }

    @Test("an address, a header block, a field too many have the configured sizes, and statuses of their own")
    func sizes() async throws {
        let change = { (configuration: inout EdgeConfiguration) in
            configuration.limits.http.startLineBytes = 100
            configuration.limits.http.headerBlockBytes = 400
            configuration.limits.http.fieldCount = 6
        }
        try await withHouse(change: change) { house in
            let long = String(repeating: "a", count: 400)
            #expect(try await house.send("GET", "abcd.labs.test", "/ok").status == 200)
            #expect(try await house.send("GET", "abcd.labs.test", "/\(long.prefix(100))").status == 414)
            #expect(try await house.send("GET", "abcd.labs.test", "/", ["X-Long": long]).status == 431)
            let many = try await house.send(
                "GET", "abcd.labs.test", "/", ["A": "1", "B": "2", "C": "3", "D": "4", "E": "5", "F": "6"])
            #expect(many.status == 431)
        }
    }
}

/// Opens a TCP connection and never sends a byte.
private final class SilentClient: StreamDelegate, @unchecked Sendable {
    let loop = Loop(name: "silent client")
    // Touched on the loop only, except for `over`, which the test reads.
    private var stream: Stream?
    private let over = Flag()

    var isOver: Bool { over.isSet }

    func connect(port: Int) {
        loop.post {
            Stream.connect(to: .ip(address: "127.0.0.1", port: port), on: self.loop, timeout: .seconds(5)) { result in
                guard case .success(let stream) = result else { return }
                self.stream = stream
                stream.delegate = self
                stream.startReading()
            }
        }
    }

    func stream(_ stream: Stream, didRead bytes: UnsafeRawBufferPointer) {}
    func streamDidEnd(_ stream: Stream) { stream.close() }
    func streamDidDrain(_ stream: Stream) {}
    func streamDidClose(_ stream: Stream, error: StreamError?) {
        self.stream = nil
        over.set()
    }
}
