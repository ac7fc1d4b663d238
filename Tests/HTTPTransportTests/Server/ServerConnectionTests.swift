import EventLoop
import HTTPWire
import Testing

@testable import HTTPTransport

@Suite("A server connection on a socket", .timeLimit(.minutes(2)))
struct ServerConnectionTests {
    @Test(
        "A request is delivered and answered, with and without TLS, and Connection: close ends it",
        arguments: [false, true])
    func oneRequest(secure: Bool) async throws {
        let talk = try await dialogue(
            sending: "POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
            secure: secure
        ) { owner in
            owner.onEnd = { $0.answer("hi") }
        }
        #expect(talk.events == ["POST /a?b", "body hello", "end", "closed"])
        #expect(talk.received == "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi")
        #expect(talk.clientSawEnd)
    }
}
