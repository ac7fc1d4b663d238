import EventLoop
import HTTPTransport
import Testing

@testable import Portal

@Suite("The numbers at control.sock")
struct MetricsTests {
    @ControlLoop @Test("tell of sessions, the queue, hosts, launches and commits")
    func numbers() async throws {
        try await withDesk { desk in
            try desk.portal.start(
                portalSocket: desk.directory + "/portal.sock", controlSocket: desk.directory + "/control.sock")
            _ = try await desk.onPortal(try desk.link())
            _ = try await desk.onPortal(try desk.link(lab: "unknown"))
            let client = HTTPClient()
            let response = try await client.send(
                HTTPClientRequest(method: "GET", target: "/metrics", authority: "carrel"),
                to: .unix(path: desk.directory + "/control.sock"), timeout: .seconds(10), bodyLimit: 1 << 20)
            #expect(response.status == 200)
            #expect(response.fields.first("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
            let lines = Set(String(decoding: response.body, as: UTF8.self).split(separator: "\n").map(String.init))
            for line in [
                "carrel_sessions{state=\"queued\"} 1", "carrel_sessions{state=\"running\"} 0",
                "carrel_queue_length 1.0",
                "carrel_hosts{state=\"active\"} 0", "carrel_host_seats{host=\"h1\",kind=\"all\"} 4",
                "carrel_launches_total{result=\"accepted\"} 1", "carrel_launches_total{result=\"refused\"} 1",
                "carrel_store_commit_failures_total 0",
            ] {
                #expect(lines.contains(line), "\(line) is missing")
            }
            #expect(lines.contains { $0.hasPrefix("carrel_store_commit_seconds_count ") && !$0.hasSuffix(" 0") })
            client.close()
        }
    }
}
