import BrokerCore
import EventLoop
import Launch
import Testing

@testable import Broker
@testable import Portal

@Suite("A link that names a course")
struct LinkContextTests {
    /// Follows a link of this learner's: the session that it made.
    @ControlLoop
    private static func follow(_ desk: Desk, _ learner: String, context: String?) async throws -> Session? {
        let now = Timestamp.now
        let link = SignedLink(
            learner: Learner(portal: "school", id: learner, name: learner), lab: "python",
            expires: now.milliseconds / 1000 + 600, context: context)
        let url = try desk.secrets.links.url(for: link, origin: Desk.origin, now: now)
        let response = try await desk.onPortal(String(url.dropFirst(Desk.origin.count)))
        let id = try #require(response.location?.dropFirst("/sessions/".count))
        return desk.broker.core.session(SessionID(rawValue: String(id)))
    }

    @Test("brings its learner to the seat that is reserved for the course; others bring nobody there")
    func seat() async throws {
        try await withDesk { desk in
            let now = Timestamp.now
            let terms = ReservationTerms(
                portal: "school", lab: "python", seats: 2, from: now, to: now + .seconds(3600), context: "101")
            // There is no engine: as often as the driver finds that out, the host is said to answer.
            var reserved: ReservationView?
            while reserved == nil {
                desk.broker.submit(.hostListed(host: "h1", containers: []))
                reserved = try? await desk.broker.reserve(terms)
            }
            let id = try #require(reserved?.id)
            #expect(try await Self.follow(desk, "bob", context: nil)?.reservation == nil)
            #expect(try await Self.follow(desk, "cas", context: "102")?.reservation == nil)
            #expect(try await Self.follow(desk, "ada", context: "101")?.reservation == id)
            #expect(try await desk.broker.attendance(of: id).arrivals.map(\.learner) == ["ada"])
        }
    }
}
