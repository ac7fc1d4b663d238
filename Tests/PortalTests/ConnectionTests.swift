import Edge
import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import Testing

@testable import Portal

@Suite("Many pages that wait at once", .timeLimit(.minutes(2))) struct ConnectionTests {
    @Test("each has room on the way: at the edge, at the portal's socket, and among the streams")
    func limits() {
        #expect(PortalLimits.connections > PortalLimits.eventStreams)
        #expect(EdgeLimits.connectionsPerUpstream >= PortalLimits.connections)
        #expect(EdgeLimits.connectionsPerLoop >= PortalLimits.connections)
    }

    @ControlLoop @Test("a class of thousands holds a stream each, and pages are answered beside them")
    func classes() async throws {
        // Both ends of each connection are in this process.
        let streams = 3_000
        var files = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        files.rlim_cur = min(files.rlim_max, 20_000)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        try #require(files.rlim_cur > 2 * streams + 1_000, "too few files may be open here")

        try await withDesk { desk in
            let socket = desk.directory + "/portal.sock"
            try desk.portal.start(portalSocket: socket, controlSocket: desk.directory + "/control.sock")
            let (id, ticket) = try await desk.launch()
            let fields: HeaderFields = [
                "X-Carrel-Scope": "portal", "Accept": "text/event-stream",
                "Cookie": "\(LearnerPages.ticketCookie)=\(ticket)",
            ]
            let request = HTTPClientRequest(
                method: "GET", target: "/sessions/\(id.rawValue)/events", authority: "portal.test", fields: fields)
            var limits = UpstreamPool.Limits()
            limits.connectionsPerUpstream = streams + 10
            let client = HTTPClient(limits: limits)
            var open: [AsyncThrowingStream<[UInt8], any Error>] = []
            for _ in 0..<streams {
                open.append(try await client.stream(request, to: .unix(path: socket), timeout: .seconds(10)).body)
            }
            #expect(desk.portal.openStreams == streams)
            let page = try await client.send(
                HTTPClientRequest(
                    method: "GET", target: "/sessions/\(id.rawValue)", authority: "portal.test", fields: fields),
                to: .unix(path: socket), timeout: .seconds(10), bodyLimit: 1 << 20)
            #expect(page.status == 200)
            withExtendedLifetime(open) { client.close() }
        }
    }
}
