import BrokerCore
import Identity
import Literals
import Testing

@testable import Store

@Suite("A question with a portal's scope") struct ScopeTests {
    private let scratch: ScratchDirectory
    private let store: Store
    private let digest = [UInt8](repeating: 7, count: 32)

    /// Two portals with a session, a reservation and a calendar each, whose identifiers begin alike.
    init() async throws {
        scratch = try ScratchDirectory()
        store = try Store(path: scratch.databasePath)
        for (portal, id) in [("school" as PortalID, "ab1"), ("acme", "ab2")] {
            let session = Session(
                id: SessionID(rawValue: id), learner: Learner(portal: portal, id: "ada", name: "Ada"), lab: "python",
                epoch: 1, state: .queued(since: at(1)), createdAt: at(1), lastActivityAt: at(1), context: "101")
            let terms = ReservationTerms(
                lab: LabKey(portal: portal, name: "python"), seats: 2, from: at(100), to: at(200), context: "101")
            let reservation = Reservation(
                id: ReservationID(rawValue: id), terms: terms, phase: .booked, createdAt: at(1), allocation: ["h1": 2])
            try await store.commit(
                [
                    .session(session), .story(story(id, "queued", at: at(1))), .reservation(reservation),
                    .claim(reservation.id, learner: "ada", at: at(2)),
                ], grants: [AccessGrant(session: session.id, tokenDigest: digest, createdAt: at(1))])
            try await store.add(
                CalendarFeed(
                    id: id, portal: portal, tokenDigest: [UInt8](repeating: portal == "acme" ? 1 : 2, count: 32),
                    createdAt: at(1)))
        }
    }

    private let own = SessionID(rawValue: "ab1")
    private let foreign = SessionID(rawValue: "ab2")
    private let school = Scope.portal("school")

    @Test("finds the portal's own sessions by every way of asking, and never another's")
    func sessions() async throws {
        #expect(try await store.session(own, in: school)?.id == own)
        #expect(try await store.session(foreign, in: school) == nil)
        #expect(try await store.session(foreign, in: .all)?.id == foreign)
        #expect(try await store.session(matching: "ab", in: .all) == .several)
        guard case .one(let found) = try await store.session(matching: "ab", in: school) else {
            Issue.record("the only session of the portal with this prefix is not found")
            return
        }
        #expect(found.id == own)
        #expect(try await store.session(matching: "ab2", in: school) == .none)
        for query in [SessionQuery(), SessionQuery(state: "queued"), SessionQuery(learner: "ada", lab: "python")] {
            #expect(try await store.sessions(query, in: school).map(\.id) == [own])
            #expect(try await store.sessions(query, in: .all).count == 2)
        }
        var course = SessionQuery()
        course.course = "101"
        #expect(try await store.sessions(course, in: .portal("acme")).map(\.id) == [foreign])
        #expect(try await store.sessions(course, in: .portal("none")).isEmpty)
    }

    @Test("has no stories and no grants of another portal's session")
    func stories() async throws {
        #expect(try await store.story(of: own, in: school).count == 1)
        #expect(try await store.story(of: foreign, in: school).isEmpty)
        #expect(try await store.grants(of: own, in: school).count == 1)
        #expect(try await store.grants(of: foreign, in: school).isEmpty)
        #expect(try await store.holdsGrant(own, tokenDigest: digest, in: school))
        #expect(try await !store.holdsGrant(foreign, tokenDigest: digest, in: school))
        #expect(try await store.holdsGrant(foreign, tokenDigest: digest, in: .all))
    }

    @Test("has the portal's own reservations and who came, and its own calendars")
    func reservations() async throws {
        let (own, foreign) = (ReservationID(rawValue: "ab1"), ReservationID(rawValue: "ab2"))
        #expect(try await store.reservations(in: school, limit: 10).map(\.reservation.id) == [own])
        #expect(try await store.reservations(in: .all, limit: 10).count == 2)
        #expect(try await store.reservations(in: school, since: at(0), limit: 10).map(\.reservation.id) == [own])
        #expect(try await store.reservation(foreign, in: school) == nil)
        #expect(try await store.attendance(of: own, in: school).map(\.learner) == ["ada"])
        #expect(try await store.attendance(of: foreign, in: school).isEmpty)

        let acme = [UInt8](repeating: 1, count: 32)
        #expect(try await store.feeds(in: school).map(\.id) == ["ab1"])
        #expect(try await store.feed(tokenDigest: acme, in: school) == nil)
        #expect(try await store.feed(tokenDigest: acme, in: .portal("acme"))?.id == "ab2")
        #expect(try await !store.removeFeed("ab2", in: school))
        #expect(try await store.feeds(in: .all).count == 2)
        #expect(try await store.removeFeed("ab1", in: school))
        #expect(try await store.feeds(in: .all).map(\.id) == ["ab2"])
    }
}
