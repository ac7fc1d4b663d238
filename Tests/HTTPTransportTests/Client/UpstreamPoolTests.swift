import EventLoop
import HTTPWire
import Testing

@testable import HTTPTransport

@Suite("A pool of upstream connections", .timeLimit(.minutes(1)))
@ControlLoop
struct UpstreamPoolTests {
    private func pool(_ change: (inout UpstreamPool.Limits) -> Void = { _ in }) -> UpstreamPool {
        var limits = UpstreamPool.Limits()
        change(&limits)
        return UpstreamPool(on: ControlLoop.loop, limits: limits)
    }

    private func acquire(
        _ pool: UpstreamPool, _ address: UpstreamAddress
    ) async throws(HTTPClientError) -> HTTPClientConnection {
        let result: Result<SameLoop<HTTPClientConnection>, HTTPClientError> = await withCheckedContinuation { waiting in
            pool.acquire(address) { waiting.resume(returning: $0.map { SameLoop($0) }) }
        }
        return try result.get().value
    }

    @Test("a released connection is the next one to be handed out, within the call")
    func reuse() async throws {
        let upstream = try ScriptedUpstream { _, _ in }
        let pool = pool()
        let first = try await acquire(pool, upstream.address)
        let second = try await acquire(pool, upstream.address)
        #expect(first !== second)
        pool.release(first)
        #expect(pool.idleConnections == 1)
        var again: HTTPClientConnection?
        pool.acquire(upstream.address) { again = try? $0.get() }
        #expect(again === first)
        #expect(pool.openConnections(to: upstream.address) == 2)
        second.close()
        #expect(pool.openConnections(to: upstream.address) == 1)
    }

    @Test("connections per upstream are limited; one that ends makes room")
    func limit() async throws {
        let upstream = try ScriptedUpstream { _, _ in }
        let pool = pool { $0.connectionsPerUpstream = 2 }
        let kept = [try await acquire(pool, upstream.address), try await acquire(pool, upstream.address)]
        let error = await #expect(throws: HTTPClientError.self) { _ = try await acquire(pool, upstream.address) }
        #expect(error?.kind == .connect)
        #expect(error?.message.contains("2 connections are open") == true)
        kept[0].close()
        _ = try await acquire(pool, upstream.address)
    }

    @Test("attempts that fail do not count for ever")
    func failedAttempts() async throws {
        // Not a port that was freed: another test could take it.
        let address = UpstreamAddress.unix(path: "/nonexistent/upstream.sock")
        let pool = pool { $0.connectionsPerUpstream = 1 }
        for _ in 0..<3 {
            let error = await #expect(throws: HTTPClientError.self) { _ = try await acquire(pool, address) }
            #expect(error?.message.contains("ENOENT") == true)
        }
        #expect(pool.openConnections(to: address) == 0)
    }

    @Test("unused connections beyond the limits are closed, the oldest of an upstream first")
    func idleLimits() async throws {
        let upstream = try ScriptedUpstream { _, _ in }
        let other = try ScriptedUpstream { _, _ in }
        let pool = pool {
            $0.idlePerUpstream = 2
            $0.idle = 3
        }
        var connections: [HTTPClientConnection] = []
        for _ in 0..<3 { connections.append(try await acquire(pool, upstream.address)) }
        for connection in connections { pool.release(connection) }
        #expect(connections.map(\.isReusable) == [false, true, true])
        var others: [HTTPClientConnection] = []
        for _ in 0..<2 { others.append(try await acquire(pool, other.address)) }
        for connection in others { pool.release(connection) }
        #expect(others.map(\.isReusable) == [true, false])
        #expect(pool.idleConnections == 3)
        pool.forget(upstream.address)
        #expect(pool.idleConnections == 1)
        pool.close()
        #expect(pool.idleConnections == 0)
        await upstream.until { upstream.closed == 3 }
        await other.until { other.closed == 2 }
    }

    @Test("an unused connection is closed after its time, and at once when its upstream ends it")
    func idleTime() async throws {
        let channels = Box<[ByteChannel]>([])
        let upstream = try ScriptedUpstream { _, channel in
            channels.value.append(channel)
            channel.write(text: "HTTP/1.1 204 No Content\r\n\r\n")
        }
        let short = pool { $0.idleTimeout = .milliseconds(40) }
        short.release(try await acquire(short, upstream.address))
        #expect(short.idleConnections == 1)
        await upstream.until { upstream.closed == 1 }
        #expect(short.idleConnections == 0)

        let client = HTTPClient()
        _ = try await client.get(upstream)
        channels.value[0].finishWriting()
        await upstream.until { upstream.closed == 2 }
        _ = try await client.get(upstream)
        #expect(upstream.connections == 3)
    }

    @Test("an upstream that accepts and never shakes hands is given up in time")
    func connectTimeout() async throws {
        let silent = try Listener(on: ControlLoop.loop, address: .ip(address: "127.0.0.1", port: 0)) { _ in }
        defer { silent.close() }
        guard case .ip(_, let port) = silent.boundAddress else { return }
        var limits = UpstreamPool.Limits()
        limits.connectTimeout = .milliseconds(50)
        let pool = UpstreamPool(on: ControlLoop.loop, tls: try TestAuthority.client(), limits: limits)
        let error = await #expect(throws: HTTPClientError.self) {
            _ = try await acquire(pool, .tcp(host: "localhost", port: port))
        }
        #expect(error?.kind == .timeout)
    }
}
