import Broker
import BrokerCore
import EventLoop
import Foundation
import HTTPTransport
import Identity
import Literals
import Scheduling
import Store
import Testing

@testable import Portal

@Suite("The calendar of reservations")
struct CalendarFeedTests {
    private static func reservation(_ id: String, phase: Reservation.Phase = .booked, in hours: Int = 24) -> Reservation
    {
        let from = Timestamp.now + .seconds(hours * 3600)
        return Reservation(
            id: ReservationID(rawValue: id),
            terms: ReservationTerms(
                lab: "school/python", seats: 3, from: from, to: from + .seconds(7200), context: "101",
                roster: ["ada"]), phase: phase, createdAt: .now, allocation: [:])
    }

    /// Made by hand, because this does not test how they change over time.
    private static func withFeed(
        _ reservations: [Reservation], _ body: @ControlLoop @Sendable (Desk, String) async throws -> Void
    ) async throws {
        try await withDesk { desk in
            try await desk.store.commit(reservations.map(Change.reservation))
            let (_, token) = try await desk.broker.makeFeed(portal: "school")
            try await body(desk, CalendarFeedPage.target(token: token))
        }
    }

    @Test("Who has its address reads what is reserved, as a calendar that other programs read")
    func reads() async throws {
        try await Self.withFeed([
            Self.reservation("r1"), Self.reservation("r2", phase: .cancelled), Self.reservation("old", in: -24 * 40),
        ]) { desk, target in
            let response = try await desk.onPortal(target)
            #expect(response.status == 200)
            #expect(response.fields.first("Content-Type") == "text/calendar; charset=utf-8")
            let file = try CalendarFile(Array(response.text.utf8))
            #expect(file.events.map(\.uid).sorted() == ["r1@school.labs.test", "r2@school.labs.test"])
            #expect(file.events.filter(\.isCancelled).map(\.uid) == ["r2@school.labs.test"])
            let reader = CalendarReader(
                clock: .utc, zones: .system(), now: .now, horizon: .now + Limits.reservationHorizon)
            let found = reader.read(file).occurrences
            #expect(found.count == 1 && found[0].to - found[0].from == .seconds(7200))
            // And its own description would reserve the same again.
            let terms = try CalendarTerms(portal: "school", lab: nil, seats: nil, context: nil).terms(of: found[0])
            #expect(terms.seats == 3 && terms.lab == "python" && terms.context == "101" && terms.lead == .seconds(1800))
        }
    }

    @Test("What has not changed is not sent again")
    func tags() async throws {
        try await Self.withFeed([Self.reservation("r1")]) { desk, target in
            let first = try await desk.onPortal(target)
            let tag = try #require(first.fields.first("ETag"))
            for known in [tag, "W/\(tag)", "\"x\", \(tag) ", "*"] {
                let again = try await desk.onPortal(target, fields: ["If-None-Match": known])
                #expect(again.status == 304 && again.text.isEmpty && again.fields.first("ETag") == tag)
            }
            #expect(try await desk.onPortal(target, fields: ["If-None-Match": "\"x\""]).status == 200)
            try await desk.store.commit([.reservation(Self.reservation("r2"))])
            let changed = try await desk.onPortal(target, fields: ["If-None-Match": tag])
            #expect(changed.status == 200 && changed.fields.first("ETag") != tag)
        }
    }

    @Test("Any other address, and one that was revoked, leads nowhere; no token is kept anywhere")
    func secret() async throws {
        try await Self.withFeed([Self.reservation("r1")]) { desk, target in
            let token = String(target.split(separator: "=")[1])
            for wrong in [
                "/calendar.ics", "/calendar.ics?token=", "/calendar.ics?token=\(token)x", "\(target)&token=\(token)",
                "\(target)&x=1", "/calendar.ics?token=\(String(repeating: "x", count: 5000))",
            ] {
                #expect(try await desk.onPortal(wrong).status == 404, "\(wrong)")
            }
            #expect(try await desk.onPortal(target, method: "POST").status == 405)
            let feeds = try await desk.broker.feeds(in: .all)
            #expect(feeds.map(\.portal) == ["school"])
            for file in try FileManager.default.contentsOfDirectory(atPath: desk.directory)
            where file.hasPrefix("carrel.db") {
                let bytes = FileManager.default.contents(atPath: desk.directory + "/" + file) ?? Data()
                #expect(bytes.range(of: Data(token.utf8)) == nil, "the token is in \(file)")
            }
            try await desk.broker.revokeFeed(feeds[0].id, in: .all)
            #expect(try await desk.onPortal(target).status == 404)
            await #expect(throws: BrokerError.self) { try await desk.broker.revokeFeed(feeds[0].id, in: .all) }
        }
    }

    @Test("Another portal's address shows nothing of this one")
    func otherPortal() async throws {
        let other = PortalConfiguration(
            id: "other", hostname: "other.test", title: "Other", labsDomain: Desk.labsDomain, publicPort: 443)
        try await withDesk(others: [other]) { desk in
            let (_, token) = try await desk.broker.makeFeed(portal: "other")
            #expect(try await desk.onPortal(CalendarFeedPage.target(token: token)).status == 404)
        }
    }

    @Test("Of very many reservations as many are shown as the limit allows, the nearest first")
    func manyEvents() async throws {
        let many = (0...PortalLimits.feedEvents).map { Self.reservation("r\($0)", in: $0 + 1) }
        try await Self.withFeed(many) { desk, target in
            let file = try CalendarFile(Array(try await desk.onPortal(target).text.utf8))
            #expect(file.events.count == PortalLimits.feedEvents)
            #expect(file.events.last?.uid == "r\(PortalLimits.feedEvents - 1)@school.labs.test")
        }
    }

    @Test("There are no more addresses than the limit")
    func limit() async throws {
        try await withDesk { desk in
            for _ in 0..<BrokerLimits.calendarFeeds { _ = try await desk.broker.makeFeed(portal: "school") }
            await #expect(throws: BrokerError.self) { try await desk.broker.makeFeed(portal: "school") }
        }
    }
}
