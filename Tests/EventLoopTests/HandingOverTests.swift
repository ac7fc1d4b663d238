import Glibc
import Testing

@testable import EventLoop

@Suite("Sockets that pass from one process to another", .timeLimit(.minutes(1)))
struct HandingOverTests {
    private let path = "/tmp/carrel-message-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"

    /// Two ends of one connection, on one loop.
    private final class Ends: @unchecked Sendable {
        // Touched on the loop alone.
        var listener: MessageListener?
        var server: MessageSocket?
        var client: MessageSocket?
        var heard: [MessageSocket.Message] = []
        var ends: [StreamError?] = []
    }

    private func connected(_ loop: Loop) async throws -> Ends {
        let ends = Ends()
        let path = path
        try await loop.until { finish in
            ends.listener = try MessageListener(on: loop, path: path) { server in
                ends.server = server
                server.start(onMessage: { ends.heard.append($0) }, onEnd: { ends.ends.append($0) })
                finish()
            }
            ends.client = try MessageSocket.connect(to: path, on: loop)
        }
        return ends
    }

    private func eventually(_ loop: Loop, _ condition: @escaping @Sendable () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !loop.run(condition) {
            try #require(ContinuousClock.now < deadline, "it never came about")
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    @Test("messages stay apart, tell who sends them, and arrive before the end")
    func messages() async throws {
        try await withLoop { loop in
            let ends = try await connected(loop)
            let large = [UInt8](repeating: 7, count: EventLoopLimits.messageBytes)
            try await loop.run {
                ends.client?.send([1])
                ends.client?.send(large)
                ends.client?.send([2, 3])
                #expect(ends.client?.peer == LocalPeer(process: getpid(), user: geteuid()))
                #expect(ends.server?.peer == LocalPeer(process: getpid(), user: geteuid()))
                ends.client?.close()
            }
            try await eventually(loop) { ends.ends.count == 1 }
            try await loop.run {
                #expect(ends.heard.map(\.bytes) == [[1], large, [2, 3]])
                #expect(ends.ends == [nil])
                ends.listener?.close()
            }
            #expect(access(path, F_OK) != 0)
        }
    }

    @Test("what waits for an end that reads nothing is bounded")
    func bounded() async throws {
        try await withLoop { loop in
            let ends = try await connected(loop)
            try await loop.run {
                ends.client?.start(onMessage: { _ in }, onEnd: { ends.ends.append($0) })
                let large = [UInt8](repeating: 7, count: EventLoopLimits.messageBytes)
                // The reader is on this very loop, and does not come to it.
                for _ in 0..<EventLoopLimits.waitingMessages + 100 where ends.ends.isEmpty { ends.client?.send(large) }
                #expect(ends.ends.map { $0?.code } == [StreamError.noBuffers])
                ends.listener?.close()
            }
        }
    }

    @Test("who comes while nobody accepts waits in the socket, and is taken by whoever has it next")
    func waiting() async throws {
        try await withLoop { loop in
            let ends = try await connected(loop)
            let address = try await loop.run {
                let first = try Listener(on: loop, address: localhost, reusePort: true) { $0.close() }
                ends.client?.send([9], [try first.socket()])
                first.leave()
                return first.boundAddress
            }
            try await eventually(loop) { ends.heard.count == 1 }
            // Nobody watches the socket now.
            let isTaken: Bool = try await loop.until { finish in
                let sockets = InheritedSockets(ends.heard[0].sockets)
                ends.heard = []
                #expect(sockets.contains(address) && sockets.left == [address])
                let own = sockets.take(address)
                #expect(own.count == 1 && own[0].sharesPort && sockets.take(address).isEmpty)
                Stream.connect(to: address, on: loop, timeout: .seconds(5)) { result in
                    guard case .success(let stream) = result else { return finish(false) }
                    stream.close()
                    // Connected, before anybody listens again.
                    let next = try? Listener(on: loop, inherited: own[0]) {
                        $0.close()
                        finish(true)
                    }
                    #expect(next?.boundAddress == address)
                }
            }
            #expect(isTaken)
            try await loop.run { ends.listener?.close() }
        }
    }

    @Test("a Unix socket's file stays with the old owner until the new one adopts it")
    func file() async throws {
        try await withLoop { loop in
            let address = SocketAddress.unix(path: path)
            let path = path
            try await loop.run {
                let first = try Listener(on: loop, address: address) { $0.close() }
                let socket = try first.socket()
                #expect(socket.address == address)
                try Listener(on: loop, inherited: socket) { $0.close() }.close()
                #expect(access(path, F_OK) == 0)
                let second = try Listener(on: loop, inherited: socket) { $0.close() }
                first.leave()
                #expect(access(path, F_OK) == 0)
                second.adoptFile()
                second.close()
                #expect(access(path, F_OK) != 0)
            }
        }
    }

    @Test("what is no listening socket is closed and not taken")
    func other() throws {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { close(ends[1]) }
        #expect(ListeningSocket(owning: ends[0]) == nil)
        var byte: UInt8 = 0
        #expect(recv(ends[1], &byte, 1, 0) == 0, "its other end has heard of the close")
        #expect(ListeningSocket(owning: -1) == nil)
    }
}
