import EventLoop
import HTTPTransport
import Metrics
import Testing

@testable import Edge

/// Tests the edge's metrics by causing what they count.
struct EdgeMetricsTests {
    @Test("responses are counted by who answered and by class, on all loops, with their bytes and their time")
    func responses() async throws {
        try await withHouse(loops: 2) { house in
            for _ in 0..<3 { #expect(try await house.send("GET", "abcd.labs.test", "/x").status == 200) }
            #expect(try await house.send("GET", "portal.test", "/x").status == 200)
            #expect(try await house.send("GET", "abcd.labs.test", "/x", cookie: nil).status == 403)
            let body = [UInt8](repeating: 1, count: 5000)
            #expect(try await house.send("POST", "abcd.labs.test", "/x", body: body).status == 200)
            try await eventually("all are gone") { await house.edge.metrics().openConnections == 0 }
            let metrics = await house.edge.metrics()
            #expect(metrics.responses(by: .lab, statusClass: 2) == 4)
            #expect(metrics.responses(by: .portal, statusClass: 2) == 1)
            #expect(metrics.responses(by: .edge, statusClass: 4) == 1)
            #expect(metrics.observedResponses == 6)
            #expect(metrics.connections == 6)
            #expect(metrics.number(of: EdgeMetrics.Handshake.full) + metrics.number(of: .resumed) == 6)
            #expect(metrics.receivedBytes > 5000 && metrics.sentBytes > 600)
            #expect(metrics.lags.map(\.loop) == ["edge 0", "edge 1"])
            #expect(metrics.routes == 1)
        }
    }

    @Test("connections to upstreams are counted as new or used, tunnels while they are open")
    func upstreams() async throws {
        try await withHouse { house in
            try await house.withRawClient { client in
                for count in 1...3 {
                    client.send(house.wire("GET /x"))
                    try await eventually("answered") { client.text.components(of: "HTTP/1.1 200") == count }
                }
            }
            var metrics = await house.edge.metrics()
            #expect(metrics.upstreamsNew == 1 && metrics.upstreamsReused == 2)
            let client = await house.client()
            let socket = try await client.upgrade(
                house.request("GET", "abcd.labs.test", "/ws", ["Origin": "https://abcd.labs.test:\(house.port)"]),
                to: house.address, timeout: .seconds(10))
            metrics = await house.edge.metrics()
            #expect(metrics.openTunnels == 1 && metrics.tunnels == 1)
            #expect(metrics.responses(by: .lab, statusClass: 1) == 1)
            await socket.close()
            await client.close()
            try await eventually("it is over") { await house.edge.metrics().openTunnels == 0 }
        }
    }

    @Test("what goes wrong is counted by side and kind")
    func failures() async throws {
        let change = { (configuration: inout EdgeConfiguration) in
            configuration.limits.connectionsPerAddress = 2
            configuration.limits.timeouts.head = .milliseconds(50)
        }
        try await withHouse(change: change) { house in
            try await house.withRawClient { client in
                client.send("nonsense\r\n\r\n")
                try await eventually("refused") { client.text.contains(" 400 ") }
            }
            try await house.withRawClient { client in
                client.send("GET /")
                try await eventually("refused") { client.text.contains(" 408 ") }
            }
            try await house.withRawClient { client in
                client.send(house.wire("GET /die"))
                try await eventually("answered") { client.text.contains(" 503 ") }
            }
            try await eventually("all have gone") { await house.edge.metrics().openConnections == 0 }
            try await house.withRawClient { _ in
                try await house.withRawClient { _ in
                    let third = try await RawClient.connect(to: house)
                    #expect(third.record { $0.isClosed })
                    await third.stop()
                }
            }
            let metrics = await house.edge.metrics()
            #expect(metrics.number(of: .malformed) == 1)
            #expect(metrics.number(of: .headTimeout) == 1)
            #expect(metrics.number(of: .upstreamClosed) == 1)
            #expect(metrics.number(of: .addressLimit) >= 1)
        }
    }

    @Test("a stopped edge has nothing to say, and nobody waits for it")
    func stopped() async throws {
        try await withHouse { house in
            await house.edge.stop(grace: .zero)
            let metrics = await house.edge.metrics()
            #expect(metrics.connections == 0)
        }
    }

    @Test("the text has every family once, with samples")
    func text() async throws {
        try await withHouse { house in
            _ = try await house.send("GET", "abcd.labs.test", "/x")
            var text = MetricsText()
            await house.edge.metrics().write(to: &text)
            let families = text.text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
            #expect(Set(families).count == families.count && families.count > 12)
            #expect(text.text.contains("carrel_edge_responses_total{by=\"lab\",class=\"2xx\"} 1\n"))
            #expect(text.text.contains("carrel_edge_response_seconds_bucket{le=\"+Inf\"} 1\n"))
        }
    }
}

extension String {
    /// How many times a text occurs.
    func components(of text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
