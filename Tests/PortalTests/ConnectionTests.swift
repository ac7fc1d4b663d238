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

    @ControlLoop @Test("thousands of pages hold a stream each, and others are answered beside them")
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
            // Each person has as many streams as allowed.
            let people = (streams + PortalLimits.eventStreamsPerPerson - 1) / PortalLimits.eventStreamsPerPerson
            var pages: [(path: String, fields: HeaderFields)] = []
            for number in 0..<people {
                let (id, ticket) = try await desk.launch(learner: "learner-\(number)")
                let fields: HeaderFields = [
                    "X-Carrel-Scope": "portal", "X-Carrel-Portal": "school", "Accept": "text/event-stream",
                    "Cookie": "\(Visitors.cookie)=\(ticket)",
                ]
                pages.append(("/sessions/\(id.rawValue)", fields))
            }
            var limits = UpstreamPool.Limits()
            limits.connectionsPerUpstream = streams + 10
            let client = HTTPClient(limits: limits)
            var open: [AsyncThrowingStream<[UInt8], any Error>] = []
            for number in 0..<streams {
                let page = pages[number % people]
                let request = HTTPClientRequest(
                    method: "GET", target: page.path + "/events", authority: "portal.test", fields: page.fields)
                let stream = try await client.stream(request, to: .unix(path: socket), timeout: .seconds(10))
                #expect(stream.head.status == 200)
                open.append(stream.body)
            }
            #expect(desk.portal.openStreams == streams)
            let page = try await client.send(
                HTTPClientRequest(
                    method: "GET", target: pages[0].path, authority: "portal.test", fields: pages[0].fields),
                to: .unix(path: socket), timeout: .seconds(10), bodyLimit: 1 << 20)
            #expect(page.status == 200)
            withExtendedLifetime(open) { client.close() }
        }
    }
}
