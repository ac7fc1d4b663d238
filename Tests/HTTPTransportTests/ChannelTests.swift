import EventLoop
import TLS
import Testing

@testable import HTTPTransport

@Suite("A byte channel", .timeLimit(.minutes(1)))
struct ChannelTests {
    @Test("megabytes pass there and back with backpressure, plain and with TLS", arguments: [false, true])
    func echo(secure: Bool) async throws {
        let sent = SecureRandom.bytes(5_000_000)
        let server = secure ? try TestAuthority.server() : nil
        let client = secure ? try TestAuthority.client() : nil
        let received: [UInt8] = try await withChannelLoop { loop in
            try await loop.reply { reply in
                let pair = try ChannelPair(on: loop, server: server) { channel in
                    ChannelOwner(channel).echo()
                    channel.open()
                }
                pair.connect(client) { channel in
                    let owner = ChannelOwner(channel)
                    var received: [UInt8] = []
                    var next = 0
                    let feed = { (channel: ByteChannel) in
                        while next < sent.count, !channel.isSaturated {
                            let end = min(next + 100_000, sent.count)
                            sent[next..<end].withUnsafeBytes { channel.write($0) }
                            next = end
                        }
                        if next == sent.count { channel.finishWriting() }
                    }
                    owner.onOpen = feed
                    owner.onDrain = feed
                    owner.onRead = { received += $1 }
                    owner.onEnd = { channel in
                        channel.close()
                        pair.listener.close()
                        reply(received)
                    }
                    channel.open()
                }
            }
        }
        #expect(received == sent)
    }

    @Test("a server that is not who the client meant is refused on both sides, with the reason")
    func wrongName() async throws {
        let (server, client) = (try TestAuthority.server(), try TestAuthority.client())
        let errors: [ChannelError?] = try await withChannelLoop { loop in
            try await loop.reply { reply in
                var errors: [ChannelError?] = []
                let note = { (error: ChannelError?) in
                    errors.append(error)
                    if errors.count == 2 { reply(errors) }
                }
                let pair = try ChannelPair(on: loop, server: server) { channel in
                    ChannelOwner(channel).onClose = note
                    channel.open()
                }
                pair.connect(client, name: "bank.example") { channel in
                    let owner = ChannelOwner(channel)
                    owner.onOpen = { _ in Issue.record("opened") }
                    owner.onClose = note
                    channel.open()
                }
            }
        }
        #expect(errors.contains { $0?.code == .untrustedPeer && $0?.message.contains("bank.example") == true })
        #expect(errors.contains { $0?.code == .tls })
    }

    @Test(
        "a TLS channel refuses plain bytes, a cut handshake, and a handshake that takes for ever",
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", false, ChannelError.Code.tls), ("", true, .truncated),
            ("", false, .handshakeTimeout),
        ])
    func badHandshake(text: String, ends: Bool, code: ChannelError.Code) async throws {
        let server = try TestAuthority.server()
        let error: ChannelError? = try await withChannelLoop { loop in
            try await loop.reply { reply in
                let listener = try Listener(on: loop, address: .ip(address: "127.0.0.1", port: 0)) { stream in
                    guard let tls = try? TLSConnection(server: server) else { return }
                    let limit = code == .handshakeTimeout ? Duration.milliseconds(30) : .seconds(30)
                    let channel = ByteChannel(stream: stream, tls: tls, handshakeTimeout: limit)
                    ChannelOwner(channel).onClose = { reply($0) }
                    channel.open()
                }
                Stream.connect(to: listener.boundAddress, on: loop, timeout: .seconds(5)) { result in
                    guard let stream = try? result.get() else { return }
                    let channel = ByteChannel(stream: stream, tls: nil)
                    let owner = ChannelOwner(channel)
                    owner.onOpen = { channel in
                        channel.write(text: text)
                        if ends { channel.finishWriting() }
                    }
                    channel.open()
                }
            }
        }
        #expect(error?.code == code)
    }

    @Test("an end that was said is an end; a cut is an error", arguments: [true, false])
    func endings(isSaid: Bool) async throws {
        let (server, client) = (try TestAuthority.server(), try TestAuthority.client())
        let story: String = try await withChannelLoop { loop in
            try await loop.reply { reply in
                let pair = try ChannelPair(on: loop, server: server) { channel in
                    let owner = ChannelOwner(channel)
                    var story = ""
                    owner.onRead = { story += String(decoding: $1, as: UTF8.self) }
                    owner.onEnd = { channel in
                        story += " (end)"
                        channel.close()
                    }
                    owner.onClose = { reply(story + ($0 == nil ? "" : " (\($0!.code))")) }
                    channel.open()
                }
                pair.connect(client) { channel in
                    let owner = ChannelOwner(channel)
                    owner.onOpen = { channel in
                        channel.write(text: "last words")
                        if isSaid { channel.finishWriting() } else { channel.close() }
                    }
                    channel.open()
                }
            }
        }
        #expect(story == (isSaid ? "last words (end)" : "last words (truncated)"))
    }

    @Test("a paused channel delivers nothing, not even what TLS has already taken in; then all, in order")
    func pausing() async throws {
        let (server, client) = (try TestAuthority.server(), try TestAuthority.client())
        let sent = SecureRandom.bytes(300_000)
        let received: [UInt8] = try await withChannelLoop { loop in
            try await loop.reply { reply in
                var received: [UInt8] = []
                let pair = try ChannelPair(on: loop, server: server) { channel in
                    let owner = ChannelOwner(channel)
                    var isPaused = false
                    owner.onRead = { channel, bytes in
                        #expect(!isPaused)
                        received += bytes
                        isPaused = true
                        channel.pauseReading()
                        let again = SameLoop { () -> Void in
                            isPaused = false
                            channel.resumeReading()
                        }
                        loop.post { again.value() }
                    }
                    owner.onEnd = { channel in
                        #expect(!isPaused)
                        channel.close()
                        reply(received)
                    }
                    channel.open()
                }
                pair.connect(client) { channel in
                    let owner = ChannelOwner(channel)
                    owner.onOpen = { channel in
                        sent.withUnsafeBytes { channel.write($0) }
                        channel.finishWriting()
                    }
                    channel.open()
                }
            }
        }
        #expect(received == sent)
    }

    @Test(
        "an answer given while the peer still sends arrives whole before the channel closes", arguments: [false, true])
    func gracefulClose(secure: Bool) async throws {
        let server = secure ? try TestAuthority.server() : nil
        let client = secure ? try TestAuthority.client() : nil
        let answer = String(repeating: "too large. ", count: 50_000)
        let received: String = try await withChannelLoop { loop in
            try await loop.reply { reply in
                let pair = try ChannelPair(on: loop, server: server) { channel in
                    let owner = ChannelOwner(channel)
                    owner.onRead = { channel, _ in
                        owner.onRead = { _, _ in Issue.record("delivered after a graceful close") }
                        channel.write(text: answer)
                        channel.closeGracefully()
                    }
                    channel.open()
                }
                pair.connect(client) { channel in
                    let owner = ChannelOwner(channel)
                    var received: [UInt8] = []
                    let chunk = [UInt8](repeating: 7, count: 200_000)
                    let feed = { (channel: ByteChannel) in chunk.withUnsafeBytes { channel.write($0) } }
                    owner.onOpen = feed
                    owner.onDrain = feed
                    owner.onRead = { received += $1 }
                    owner.onEnd = { channel in
                        channel.close()
                        reply(String(decoding: received, as: UTF8.self))
                    }
                    channel.open()
                }
            }
        }
        #expect(received == answer)
    }

    @Test("a channel that is never opened closes its stream")
    func neverOpened() async throws {
        try await withChannelLoop { loop in
            try await loop.reply { (reply: Reply<Void>) in
                let pair = try ChannelPair(on: loop, server: nil) { channel in
                    let owner = ChannelOwner(channel)
                    owner.onEnd = { channel in
                        channel.close()
                        reply(())
                    }
                    channel.open()
                }
                pair.connect(nil) { _ in }
            }
        }
    }
}
