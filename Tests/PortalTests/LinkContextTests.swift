import BrokerCore
import Doors
import EventLoop
import Foundation
import Literals
import Testing

@testable import Broker
@testable import Portal

@Suite("A link that names a course")
struct LinkContextTests {
    /// Follows a link of this learner's, and returns the session that it created.
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
                lab: "school/python", seats: 2, from: now, to: now + .seconds(3600), context: "101")
            // There is no engine: whenever the driver reports that, the test marks the host as answering again.
            var reserved: ReservationView?
            while reserved == nil {
                desk.broker.submit(.hostListed(host: "h1", containers: []))
                reserved = try? await desk.broker.reserve(terms)
            }
            let id = try #require(reserved?.id)
            #expect(try await Self.follow(desk, "bob", context: nil)?.reservation == nil)
            #expect(try await Self.follow(desk, "cas", context: "102")?.reservation == nil)
            #expect(try await Self.follow(desk, "ada", context: "101")?.reservation == id)
            #expect(try await desk.broker.attendance(of: id, in: .all).arrivals.map(\.learner) == ["ada"])
        }
    }

    @Test("has its learner's story name the operator who cancels the reservation they wait for, and no other story")
    func cancelled() async throws {
        try await withDesk { desk in
            let now = Timestamp.now
            let terms = ReservationTerms(
                lab: "school/python", seats: 2, from: now, to: now + .seconds(3600), context: "101")
            var reserved: ReservationView?
            while reserved == nil {
                desk.broker.submit(.hostListed(host: "h1", containers: []))
                reserved = try? await desk.broker.reserve(terms)
            }
            let id = try #require(reserved?.id)
            let ada = try #require(try await Self.follow(desk, "ada", context: "101"))
            let bob = try #require(try await Self.follow(desk, "bob", context: nil))
            #expect(ada.reservation == id && bob.reservation == nil)
            let api = try Operator(desk)
            #expect(try await api.send("POST", "/v1/reservations/\(id)/cancel").status == 200)
            let words = "The operator \(SystemUsers.name(of: getuid())) cancels the reservation \(id)."
            for (session, isTold) in [(ada, true), (bob, false)] {
                let story = try await desk.broker.story(of: session.id, in: .all)
                #expect(story.contains { $0.state == "note" && $0.reason == words } == isTold, "\(story)")
            }
        }
    }
}
