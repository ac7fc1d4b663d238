import EventLoop
import HTTPWire
import Testing

@testable import HTTPTransport

@Suite("A server connection on a socket", .timeLimit(.minutes(2)))
struct ServerConnectionTests {
    @Test(
        "A request is delivered and answered, with and without TLS; Connection: close ends it",
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

    @Test("Pipelined requests are answered one after the other, even when answers take time and the client has ended")
    func pipelining() async throws {
        let requests = (1...3).map { "GET /\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined()
        let talk = try await dialogue(sending: requests, endingAfter: true) { owner in
            owner.onHead = { connection, head, _ in
                let target = head.target
                _ = connection.loop.schedule(after: .milliseconds(20)) { connection.answer(target) }
            }
        }
        let responses = (1...3).map { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/\($0)" }.joined()
        #expect(talk.received == responses)
        #expect(
            talk.events.filter { $0 != "client ended" } == [
                "GET /1", "end", "GET /2", "end", "GET /3", "end", "closed",
            ])
        #expect(talk.clientSawEnd)
    }

    @Test("A thousand pipelined requests answered at once come back in order")
    func manyPipelined() async throws {
        let requests = (0..<1000).map { "GET /\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined()
        let talk = try await dialogue(sending: requests, endingAfter: true) { owner in
            owner.onHead = { connection, head, _ in connection.answer("<\(head.target)>") }
        }
        let bodies = talk.received.split(separator: "<").dropFirst().map { $0.prefix { $0 != ">" } }
        #expect(bodies.map(String.init) == (0..<1000).map { "/\($0)" })
    }

    @Test("A chunked response: what belongs together is sent together, and the end is marked")
    func chunked() async throws {
        let talk = try await dialogue(sending: "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n") { owner in
            owner.onEnd = { connection in
                connection.respond(head: ResponseHead(status: 200), framing: .chunked)
                connection.writeBody(text: "hello ")
                connection.writeBody(text: "")
                _ = connection.loop.schedule(after: .milliseconds(10)) {
                    connection.writeBody(text: "world")
                    connection.finish()
                    connection.finish()
                    connection.writeBody(text: "too late")
                }
            }
        }
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(talk.received == head + "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n")
    }

    @Test("HTTP/1.0 gets the body until the end of the connection; HEAD gets none")
    func oldClientsAndHEAD() async throws {
        let old = try await dialogue(sending: "GET / HTTP/1.0\r\n\r\n") { owner in
            owner.onEnd = { connection in
                connection.respond(head: ResponseHead(status: 200), framing: .chunked)
                connection.writeBody(text: "all of it")
                connection.finish()
            }
        }
        #expect(old.received == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it")
        let head = try await dialogue(sending: "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", endingAfter: true) { owner in
            owner.onEnd = { $0.answer("never sent") }
        }
        #expect(head.received == "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
    }

    @Test("A client that expects 100 is told to go on, and sends its body then")
    func expectContinue() async throws {
        let talk = try await dialogue(
            sending:
                "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        ) { owner in
            owner.clientReacts = { channel, received in
                if received == "HTTP/1.1 100 Continue\r\n\r\n" { channel.write(text: "body") }
            }
            owner.onEnd = { $0.answer("ok") }
        }
        #expect(talk.events == ["PUT /", "body body", "end", "closed"])
        #expect(talk.received.hasSuffix("\r\n\r\nok"))
    }

    @Test("A client that expects 100 and is refused at once hears only that")
    func expectationRefused() async throws {
        let talk = try await dialogue(
            sending: "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        ) { owner in
            owner.onHead = { connection, _, _ in connection.answer("no", status: 403) }
        }
        #expect(talk.received == "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
        #expect(talk.clientSawEnd)
    }

    @Test(
        "Bad requests are answered with their status, told to the owner, and end the connection",
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
            ("GET /\(String(repeating: "x", count: 20_000)) HTTP/1.1\r\nHost: h\r\n\r\n", 414),
            ("GET / HTTP/1.1\r\nHost: h\r\nA: \(String(repeating: "x", count: 70_000))\r\n\r\n", 431),
            ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ])
    func malformed(request: String, status: Int) async throws {
        let talk = try await dialogue(sending: request, secure: true) { _ in }
        #expect(talk.received.hasPrefix("HTTP/1.1 \(status) "))
        #expect(talk.received.contains("\r\nConnection: close\r\n"))
        #expect(!talk.received.contains("xxx"))
        #expect(talk.clientSawEnd)
        #expect(talk.events == ["failed \(status)", "closed"])
    }

    @Test("A body that turns out malformed ends the exchange with 400")
    func malformedBody() async throws {
        let talk = try await dialogue(
            sending: "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nnonsense\r\n"
        ) { owner in
            owner.onEnd = { $0.answer("never") }
        }
        #expect(talk.events == ["POST /", "body abc", "failed 400", "closed"])
        #expect(talk.received.hasPrefix("HTTP/1.1 400 "))
    }

    @Test(
        "After 101 bytes pass both ways as they are, first those that came with the request", arguments: [false, true])
    func tunnel(secure: Bool) async throws {
        let talk = try await dialogue(
            sending: "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly", secure: secure
        ) { owner in
            owner.clientReacts = { channel, received in
                if received.hasSuffix("early") { channel.write(text: " late") }
                if received.hasSuffix("late") { channel.finishWriting() }
            }
            owner.onHead = { connection, _, _ in
                _ = connection.loop.schedule(after: .milliseconds(20)) {
                    let fields: HeaderFields = ["Connection": "Upgrade", "Upgrade": "echo"]
                    connection.upgrade(head: ResponseHead(status: 101, fields: fields))
                }
            }
            owner.onTunnel = { connection, bytes in connection.writeTunnel(bytes) }
        }
        #expect(
            talk.received
                == "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly late")
        #expect(talk.events == ["GET /ws", "end", "tunnel early", "tunnel  late", "tunnel ended", "closed"])
    }

    @Test("A response that breaks off is cut, so that a TLS client can tell")
    func brokenResponse() async throws {
        let talk = try await dialogue(sending: "GET / HTTP/1.1\r\nHost: h\r\n\r\n", secure: true) { owner in
            owner.onEnd = { connection in
                connection.respond(head: ResponseHead(status: 200), framing: .length(100))
                connection.writeBody(text: "only this")
                connection.flush()
                connection.finish()
            }
        }
        #expect(!talk.clientSawEnd)
        #expect(talk.received.isEmpty || talk.received.hasSuffix("only this"))
    }

    @Test("A large body flows through an echo whose owner pauses whenever its answer is not taken")
    func backpressure() async throws {
        let size = 3_000_000
        let body = String(repeating: "0123456789", count: size / 10)
        let talk = try await dialogue(
            sending: "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: \(size)\r\n\r\n\(body)",
            secure: true
        ) { owner in
            owner.onHead = { connection, _, _ in
                connection.respond(head: ResponseHead(status: 200), framing: .length(Int64(size)))
            }
            owner.onBody = { connection, bytes in
                connection.writeBody(bytes)
                if connection.isSaturated { connection.pauseReading() }
            }
            owner.onDrain = { $0.resumeReading() }
            owner.onEnd = { $0.finish() }
        }
        #expect(talk.received.hasSuffix("\r\n\r\n" + body))
        #expect(talk.clientSawEnd)
    }

    @Test("A pause in the middle of a body stops delivery at once; what had come is delivered after it")
    func pauseInBody() async throws {
        let talk = try await dialogue(
            sending: "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
        ) { owner in
            owner.onBody = { connection, bytes in
                guard bytes.first == UInt8(ascii: "o") else { return }
                connection.pauseReading()
                let before = owner.events.count
                _ = connection.loop.schedule(after: .milliseconds(20)) {
                    #expect(owner.events.count == before)
                    connection.resumeReading()
                    #expect(owner.events.count == before)
                }
            }
            owner.onEnd = { $0.answer("ok") }
        }
        #expect(talk.events == ["POST /", "body one", "body two", "end", "closed"])
    }

    @Test("A last response reaches a slow client whole, though the connection closes after it")
    func slowClientAtTheEnd() async throws {
        let body = [UInt8](repeating: 0x61, count: 12_000_000)
        let talk = try await dialogue(
            sending: "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        ) { owner in
            owner.clientReacts = { channel, received in
                guard received.utf8.count < 100_000 else { return }
                channel.pauseReading()
                _ = channel.loop.schedule(after: .milliseconds(10)) { channel.resumeReading() }
            }
            owner.onEnd = { connection in
                connection.respond(head: ResponseHead(status: 200), whole: body)
                #expect(connection.channel.queuedBytes > 0)
            }
        }
        #expect(talk.received.utf8.count > body.count)
        #expect(talk.clientSawEnd)
    }

    @Test("An unread request body does not cost the client its early answer")
    func earlyAnswer() async throws {
        let body = String(repeating: "x", count: 4_000_000)
        let talk = try await dialogue(
            sending: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        ) { owner in
            owner.onHead = { connection, _, _ in connection.answer("too large", status: 413) }
        }
        #expect(talk.received.hasSuffix("too large"))
        #expect(talk.events.first == "POST /")
        #expect(!talk.events.contains("end"))
    }

    @Test("A head that stops coming is answered 408, a silent connection is closed without a word")
    func timeouts() async throws {
        var timeouts = ServerTimeouts()
        timeouts.head = .milliseconds(50)
        timeouts.body = .milliseconds(50)
        let head = try await dialogue(sending: "GET / HT", timeouts: timeouts) { _ in }
        #expect(head.received.hasPrefix("HTTP/1.1 408 "))
        #expect(head.events == ["failed 408", "closed"])

        let body = try await dialogue(
            sending: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf", timeouts: timeouts
        ) { _ in }
        #expect(body.received.hasPrefix("HTTP/1.1 408 "))
        #expect(body.events == ["POST /", "body half", "failed 408", "closed"])

        timeouts.idle = .milliseconds(50)
        let idle = try await dialogue(sending: "", timeouts: timeouts) { _ in }
        #expect(idle.received.isEmpty)
        #expect(idle.clientSawEnd)

        let kept = try await dialogue(sending: "GET / HTTP/1.1\r\nHost: h\r\n\r\n", timeouts: timeouts) { owner in
            owner.onEnd = { $0.answer("ok") }
        }
        #expect(kept.received.hasSuffix("ok"))
        #expect(kept.clientSawEnd)
    }

    @Test("A client that takes nothing is cut off")
    func writeTimeout() async throws {
        var timeouts = ServerTimeouts()
        timeouts.write = .milliseconds(100)
        let talk = try await dialogue(
            sending: "GET / HTTP/1.1\r\nHost: h\r\n\r\n", timeouts: timeouts
        ) { owner in
            owner.clientReacts = { channel, received in
                guard received.utf8.count < 100_000 else { return }
                channel.pauseReading()
                // Long after the server has lost its patience.
                _ = channel.loop.schedule(after: .milliseconds(400)) { channel.resumeReading() }
            }
            owner.onEnd = {
                $0.respond(head: ResponseHead(status: 200), whole: [UInt8](repeating: 1, count: 20_000_000))
            }
        }
        #expect(talk.events.last == "closed")
        #expect(talk.received.utf8.count < 20_000_000)
    }

    @Test("A client that goes while its answer is prepared is noticed")
    func clientGoes() async throws {
        let talk = try await dialogue(
            sending: "GET / HTTP/1.1\r\nHost: h\r\n\r\n", endingAfter: true
        ) { owner in
            owner.onClientEnd = { $0.close() }
        }
        #expect(talk.events == ["GET /", "end", "client ended", "closed"])
    }

    @Test("After the owner has closed the connection nothing more of what came is delivered")
    func nothingAfterClose() async throws {
        let requests = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
        let talk = try await dialogue(sending: requests) { owner in
            owner.onHead = { connection, _, _ in
                connection.answer("ok")
                connection.flush()
                connection.close()
                connection.answer("again")
            }
        }
        #expect(talk.events == ["GET /1", "closed"])
        #expect(talk.received.hasSuffix("\r\n\r\nok"))
    }

    @Test("A closed connection and its owner are released, whatever was under way")
    func released() async throws {
        try await withChannelLoop { loop in
            let living = Living()
            try await loop.reply { (reply: Reply<Void>) in
                let pair = try ChannelPair(on: loop, server: nil) { channel in
                    let owner = ServerOwner()
                    owner.onHead = { connection, _, _ in
                        connection.respond(head: ResponseHead(status: 200), framing: .chunked)
                        connection.writeBody(text: "to be continued")
                    }
                    owner.onClose = { _ in reply(()) }
                    let connection = HTTPServerConnection(channel: channel, delegate: owner)
                    living.connection = connection
                    living.owner = owner
                    connection.start()
                }
                pair.connect(nil) { channel in
                    let client = ChannelOwner(channel)
                    client.onOpen = { $0.write(text: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n") }
                    client.onRead = { channel, _ in channel.close() }
                    channel.open()
                }
            }
            let isReleased: Bool = try await loop.reply { reply in
                reply(living.connection == nil && living.owner == nil)
            }
            #expect(isReleased)
        }
    }
}

/// `@unchecked Sendable` because it is used on one loop only.
private final class Living: @unchecked Sendable {
    weak var connection: HTTPServerConnection?
    weak var owner: ServerOwner?
}
