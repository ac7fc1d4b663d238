import EventLoop
import HTTPWire
import Testing

@testable import HTTPTransport

@Suite("A client that is far ahead")
struct FarAheadTests {
    /// A request whose answer does not come, and more of further ones than is read ahead.
    private let requests =
        "GET /first HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"
        + String(repeating: "x", count: TransportLimits.readAheadBytes + 1000)

    private func timeouts() -> ServerTimeouts {
        var timeouts = ServerTimeouts()
        timeouts.presence = .milliseconds(20)
        return timeouts
    }

    @Test("and ends its side is noticed although its socket is not read", arguments: [false, true])
    func end(isSecure: Bool) async throws {
        let dialogue = try await dialogue(
            sending: requests, secure: isSecure, endingAfter: true, timeouts: timeouts()
        ) { owner in
            owner.onClientEnd = { $0.close() }
        }
        #expect(dialogue.events == ["GET /first", "end", "client ended", "closed"])
    }

    @Test("and breaks off is noticed although its socket is not read")
    func reset() async throws {
        let dialogue = try await dialogue(sending: requests, timeouts: timeouts()) { owner in
            owner.onHead = { connection, _, _ in connection.inform(status: 102) { _ in } }
            // Closing with the rest of the response unread breaks the connection off.
            owner.clientReacts = { channel, _ in channel.close() }
            owner.onClientEnd = { $0.close() }
        }
        #expect(dialogue.events == ["GET /first", "end", "client ended", "closed"])
    }

    @Test("and only ends its side is answered all that it sent before")
    func halfClosed() async throws {
        // More than is read ahead, and little enough for the rest and the end to be in the socket.
        let length = 2 * TransportLimits.readAheadBytes + 20_000
        let text =
            "GET /first HTTP/1.1\r\nHost: a\r\n\r\nPOST /next HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n"
            + String(repeating: "x", count: length)
        let dialogue = try await dialogue(sending: text, endingAfter: true, timeouts: timeouts()) { owner in
            // A request is answered when all of it is there; the first one several looks later.
            var isFirst = true
            owner.onEnd = { connection in
                guard isFirst else { return connection.answer("second") }
                isFirst = false
                _ = connection.loop.schedule(after: .milliseconds(200)) { connection.answer("first") }
            }
        }
        #expect(dialogue.received.contains("first"))
        #expect(dialogue.received.hasSuffix("second"))
        #expect(dialogue.events.count { $0 == "client ended" } == 1)
        #expect(dialogue.events.last == "closed")
    }

    @Test("and stays is left alone, and goes on when it is answered")
    func stays() async throws {
        let dialogue = try await dialogue(sending: requests, timeouts: timeouts()) { owner in
            owner.onHead = { connection, head, _ in
                guard head.method == "GET" else { return connection.answer("second") }
                // Several looks later.
                _ = connection.loop.schedule(after: .milliseconds(200)) { connection.answer("first") }
            }
            owner.clientReacts = { channel, text in if text.hasSuffix("second") { channel.close() } }
        }
        #expect(dialogue.received.contains("first"))
        #expect(dialogue.received.hasSuffix("second"))
        #expect(!dialogue.events.contains("client ended"))
    }
}
