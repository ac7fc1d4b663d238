import EventLoop
import HTTPTransport
import HTTPWire
import TLS
import Testing

@testable import Edge

/// Tests an edge while another process takes over from it.
@Suite("An edge that hands over") struct LeavingTests {
    @Test("accepts nobody while it is paused, refuses nobody, and goes on")
    func pause() async throws {
        try await withHouse(loops: 2) { house in
            let client = await house.client()
            _ = try await client.send(
                house.request("GET", "abcd.labs.test", "/x"), to: house.address, timeout: .seconds(10), bodyLimit: 1024)
            #expect(try await house.edge.listeningSockets().count == 2)
            try await house.edge.pauseAccepting()
            async let late = house.send("GET", "abcd.labs.test", "/late")
            // Open connections continue, and new ones wait.
            let answer = try await client.send(
                house.request("GET", "abcd.labs.test", "/y"), to: house.address, timeout: .seconds(10), bodyLimit: 1024)
            #expect(answer.status == 200)
            #expect(!house.lab.heads.contains { $0.target == "/late" })
            await house.edge.resumeAccepting()
            #expect(try await late.status == 200)
            await client.close()
        }
    }

    @Test("another edge accepts by its sockets, with more loops and with fewer", arguments: [1, 2, 5])
    func otherLoops(_ loops: Int) async throws {
        try await withHouse(loops: 3) { house in
            let sockets = InheritedSockets(try await house.edge.listeningSockets())
            try await house.edge.pauseAccepting()
            async let waiting = house.send("GET", "abcd.labs.test", "/waiting")
            let configuration = EdgeConfiguration(
                listen: [.ip(address: "127.0.0.1", port: house.port)], loops: loops,
                certificates: try TestAuthority.store.get())
            let next = Edge(configuration, onActivity: { _ in })
            next.apply([.setHost(hostname: "abcd.labs.test", upstream: house.labAddress)])
            try await next.start(inherited: sockets)
            #expect(sockets.left.isEmpty)
            await house.edge.leave(grace: .seconds(10))
            #expect(try await waiting.status == 200)
            for _ in 0..<12 { #expect(try await house.send("GET", "abcd.labs.test", "/x").status == 200) }
            await next.stop(grace: .zero)
        }
    }

    @Test("tells clients of HTTP/2 beforehand, answers what they have asked, and keeps their WebSockets for the grace")
    func http2() async throws {
        try await withHouse { house in
            try await house.withHTTP2 { idle async throws in
                try await house.withHTTP2 { busy async throws in
                    #expect(try await idle.get("/x").status == 200)
                    let held = await busy.request("GET", "/hold")
                    try await eventually("it waits") { house.lab.heads.count == 2 }
                    try await house.edge.pauseAccepting()
                    async let left: Void = house.edge.leave(grace: .seconds(60))
                    try await eventually("an idle one ends") { idle.record { $0.isClosed } }
                    #expect(idle.record { $0.goAways.last?.code } == 0)
                    #expect(busy.record { !$0.isClosed })
                    house.lab.release()
                    #expect(try await busy.finished(held).text == "held")
                    try await eventually("and a busy one after its answer") { busy.record { $0.isClosed } }
                    await left
                }
            }
        }
    }

    @Test("ends a connection with its next answer, not under the client's hands, and an idle one after a while")
    func nextAnswer() async throws {
        try await withHouse { house in
            let busy = try await RawClient.connect(to: house)
            let idle = try await RawClient.connect(to: house)
            for client in [busy, idle] { client.send(house.wire("GET /x")) }
            try await eventually("answered") { busy.text.hasSuffix("ok") && idle.text.hasSuffix("ok") }
            try await house.edge.pauseAccepting()
            async let left: Void = house.edge.leave(grace: .seconds(60))
            // The second request shows that the first connection was left open.
            try await eventually("it leaves") { await house.isLeaving() }
            busy.send(house.wire("GET /y"))
            try await eventually("it says so") { busy.text.contains("Connection: close") && busy.text.hasSuffix("ok") }
            try await eventually("the idle one ends, and with it all") { idle.record { $0.hasEnded } }
            await left
            for client in [busy, idle] { await client.stop() }
        }
    }

    @Test("lets WebSockets and requests go on until its grace is over, then says 1001")
    func deadline() async throws {
        try await withHouse { house in
            let client = await house.client()
            let fields: HeaderFields = ["Origin": "https://abcd.labs.test:\(house.port)"]
            let socket = try await client.upgrade(
                house.request("GET", "abcd.labs.test", "/ws", fields), to: house.address, timeout: .seconds(10))
            #expect(try await socket.receive() == .text("hello"))
            try await house.edge.pauseAccepting()
            async let left: Void = house.edge.leave(grace: .seconds(3))
            try await eventually("it leaves") { await house.isLeaving() }
            try await socket.send(.text("still here"))
            #expect(try await socket.receive() == .text("still here"))
            #expect(try await socket.receive() == nil)
            #expect(await socket.closeCode == 1001)
            await left
            await client.close()
        }
    }

    @Test("every socket has a loop, and every loop has one where the port is shared")
    func shares() async throws {
        try await withHouse(loops: 5) { house in
            let sockets = try await house.edge.listeningSockets()
            let fewer = ListenerShares(sockets, among: 2)
            #expect((0..<2).map { fewer.share(of: $0).count } == [3, 2])
            let more = ListenerShares(sockets, among: 7)
            #expect((0..<7).map { more.share(of: $0).count } == [1, 1, 1, 1, 1, 0, 0])
            #expect(ListenerShares([], among: 2).share(of: 1).isEmpty)
            // A service manager passes only one socket.
            let single = try await house.singleSocket()
            let one = ListenerShares([single], among: 3)
            #expect((0..<3).map { one.share(of: $0).count } == [1, 1, 1])
        }
    }
}

extension House {
    fileprivate func isLeaving() async -> Bool {
        await withCheckedContinuation { continuation in
            let member = edge.members[0]
            member.loop.post { continuation.resume(returning: member.isLeaving) }
        }
    }

    fileprivate func singleSocket() async throws -> ListeningSocket {
        let loop = edge.members[0].loop
        return try await withCheckedThrowingContinuation { continuation in
            loop.post {
                continuation.resume(
                    with: Result {
                        let listener = try Listener(on: loop, address: .ip(address: "127.0.0.1", port: 0)) {
                            $0.close()
                        }
                        defer { listener.close() }
                        return try listener.socket()
                    })
            }
        }
    }
}
