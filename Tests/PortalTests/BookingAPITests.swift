import BrokerCore
import EventLoop
import Foundation
import HTTPTransport
import Literals
import Testing

@testable import Broker
@testable import Portal

@Suite("Series, capacity and calendars in the operators' API")
struct BookingAPITests {
    private static let start = Timestamp(
        milliseconds: Int64(Date().timeIntervalSince1970 / 60) * 60_000 + 86_400_000)

    private static func terms(_ day: Int, seats: Int = 2) -> ReservationTerms {
        let from = start + .seconds(86_400 * day)
        return ReservationTerms(
            lab: "school/python", seats: seats, from: from, to: from + .seconds(3600),
            noShowAfter: .seconds(600), context: "101", roster: ["ada", "bob"])
    }

    private static func body(
        _ days: ClosedRange<Int>, seats: Int = 2, event: String? = nil, sequence: Int = 0, skips: Bool = false,
        isDryRun: Bool = false
    ) -> String {
        let items = days.map { day in
            let terms = terms(day, seats: seats)
            let origin = ReservationOrigin(
                series: event ?? "weekly", sequence: event.map { _ in sequence }, occurrence: terms.from)
            return (terms: terms, origin: Optional(origin))
        }
        let book = APIBook(
            portal: "school", items: items, skipConflicts: skips, dryRun: isDryRun,
            events: event.map { [$0: EventRevision(sequence: sequence)] } ?? [:])
        return String(decoding: APICoding.encode(book), as: UTF8.self)
    }

    /// There is no engine: whenever the driver reports that, the test marks the host as answering again.
    @ControlLoop
    private static func book(_ api: Operator, _ body: String) async throws -> BookingView {
        api.desk.broker.submit(.hostListed(host: "h1", containers: []))
        let response = try await api.send("POST", "/v1/bookings", body)
        #expect(response.status == 200, "\(String(decoding: response.body, as: UTF8.self))")
        return try APICoding.decode(APIBooking.self, from: response.body).booking
    }

    @Test("A series is booked whole, rehearsed without a trace, refused whole, and cancelled whole")
    func series() async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            var rehearsed: BookingView
            repeat { rehearsed = try await Self.book(api, Self.body(0...2, isDryRun: true)) } while !rehearsed.isBooked
            #expect(rehearsed.items.map(\.result) == [.booked, .booked, .booked])
            #expect(try await api.get("/v1/reservations", as: APIReservations.self).reservations.isEmpty)
            var booked: BookingView
            repeat { booked = try await Self.book(api, Self.body(0...2)) } while !booked.isBooked
            #expect(booked.items.compactMap(\.id).count == 3)
            let listed = try await api.get("/v1/reservations", as: APIReservations.self).reservations
            #expect(listed.count == 3 && listed.allSatisfy { $0.series == "weekly" && $0.roster == ["ada", "bob"] })
            // Three seats can be reserved, two of which are taken.
            let refused = try await Self.book(api, Self.body(2...2, seats: 3))
            #expect(!refused.isBooked && refused.items.map(\.result) == [.noSeats])
            #expect(refused.items[0].message?.isEmpty == false)
            var skipped: BookingView
            repeat {
                skipped = try await Self.book(api, Self.body(2...3, seats: 3, skips: true))
            } while skipped.items[1].result.isConflict
            #expect(skipped.isBooked && skipped.items.map(\.result) == [.noSeats, .booked])
            let first = try #require(booked.items[0].id)
            let gone = try await api.send("POST", "/v1/reservations/\(first)/cancel-series")
            #expect(try APICoding.decode(APICancelled.self, from: gone.body).cancelled.count == 4)
            #expect(try await api.failure("POST", "/v1/reservations/\(first)/cancel-series") == (409, "notNow"))
        }
    }

    @Test("A calendar is imported once, however often, and follows its SEQUENCE")
    func calendars() async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            var first: BookingView
            repeat { first = try await Self.book(api, Self.body(0...1, event: "e")) } while !first.isBooked
            let again = try await Self.book(api, Self.body(0...1, event: "e"))
            #expect(again.items.map(\.result) == [.unchanged, .unchanged])
            #expect(again.items.map(\.id) == first.items.map(\.id))
            var moved: BookingView
            repeat {
                moved = try await Self.book(api, Self.body(0...0, seats: 3, event: "e", sequence: 1))
            } while !moved.isBooked
            #expect(moved.items.map(\.result) == [.moved] && moved.cancelled == [first.items[1].id])
        }
    }

    @Test("The capacity over a time is told; who came is told")
    func capacity() async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            var booked: BookingView
            repeat { booked = try await Self.book(api, Self.body(0...0)) } while !booked.isBooked
            let from = Self.start.milliseconds
            var capacity: CapacityForecast
            repeat {
                desk.broker.submit(.hostListed(host: "h1", containers: []))
                capacity = try await api.get(
                    "/v1/capacity?lab=python&from=\(from)&to=\(from + 7_200_000)&steps=2", as: APICapacity.self
                ).capacity
            } while capacity.capacity == 0 || capacity.steps[0].reserved == 0
            #expect(capacity.capacity == 3 && capacity.steps.map(\.reserved) == [2, 0])
            let id = try #require(booked.items[0].id)
            let who = try await api.get("/v1/reservations/\(id)/attendance", as: APIAttendance.self).attendance
            #expect(who.absent == ["ada", "bob"] && who.noShows == 2 && who.noShowPercent == 100)
            #expect(who.arrivals.isEmpty && who.reservation.released == nil)
        }
    }

    @Test("Addresses of calendars are made, listed and revoked; the token is shown once")
    func feeds() async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            let made = try await api.send("POST", "/v1/feeds", "{\"portal\":\"school\"}")
            let feed = try APICoding.decode(APIFeed.self, from: made.body)
            #expect(feed.target.hasPrefix("/calendar.ics?token=") && feed.target.count == 20 + 43)
            let listed = try await api.send("GET", "/v1/feeds")
            #expect(!String(decoding: listed.body, as: UTF8.self).contains(feed.target.suffix(43)))
            #expect(try APICoding.decode(APIFeeds.self, from: listed.body).feeds.map(\.id) == [feed.feed.id])
            let left = try await api.send("POST", "/v1/feeds/\(feed.feed.id)/revoke")
            #expect(try APICoding.decode(APIFeeds.self, from: left.body).feeds.isEmpty)
            #expect(try await api.failure("POST", "/v1/feeds/\(feed.feed.id)/revoke").0 == 404)
        }
    }

    @Test(
        "Invalid requests are refused before they reach the broker",
        arguments: [
            ("POST", "/v1/bookings", "{}"), ("POST", "/v1/bookings", "{\"portal\":\"school\",\"items\":[{}]}"),
            ("GET", "/v1/capacity?lab=python&from=x&to=1", ""), ("GET", "/v1/capacity?lab=python&from=-1&to=1", ""),
            ("GET", "/v1/capacity?colour=red", ""), ("POST", "/v1/feeds", "{}"),
        ])
    func refused(method: String, target: String, body: String) async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            #expect(try await api.failure(method, target, body) == (400, "badRequest"))
        }
    }

    @Test("Seats for nobody, or for whom no link could be made, are refused by the name of the field")
    func nobody() throws {
        func refusal(context: String?, roster: [String]?) -> String? {
            var reserve = APIReserve(Self.terms(0))
            (reserve.context, reserve.roster) = (context, roster)
            do throws(APIRefusal) {
                _ = try reserve.terms()
                return nil
            } catch { return error.body.error.message }
        }
        #expect(refusal(context: "101", roster: nil) == nil && refusal(context: nil, roster: ["ada"]) == nil)
        #expect(refusal(context: nil, roster: nil)?.hasPrefix("context and roster are both left out") == true)
        #expect(refusal(context: "", roster: ["ada"]) == "context is empty.")
        #expect(refusal(context: "101", roster: [])?.hasPrefix("roster is empty;") == true)
        #expect(refusal(context: "101", roster: ["ada", ""]) == "a learner of roster is empty.")
        let long = String(repeating: "a", count: 257)
        #expect(refusal(context: "101", roster: [long]) == "a learner of roster is longer than 256 bytes.")
        #expect(refusal(context: "1\u{0}", roster: nil) == "context contains a control character.")
        // A roster that all items of a booking share belongs to each.
        var terms = Self.terms(0)
        terms.context = nil
        var book = APIBook(portal: "school", items: [(terms, nil)], skipConflicts: false, dryRun: false)
        #expect(try book.reservations().map { $0.terms.roster } == [["ada", "bob"]])
        book.roster = nil
        #expect(throws: APIRefusal.self) { try book.reservations() }
        book.roster = [""]
        #expect(throws: APIRefusal.self) { try book.reservations() }
    }

    @Test("What the broker refuses has its own code")
    func codes() async throws {
        try await withDesk { desk in
            let api = try Operator(desk)
            #expect(try await api.failure("POST", "/v1/bookings", Self.body(0...Limits.bookingItems)).1 == "limit")
            #expect(try await api.failure("GET", "/v1/capacity?lab=cobol&from=0&to=1").1 == "unknownLab")
            #expect(try await api.failure("GET", "/v1/capacity?lab=python&from=0&to=0").1 == "badTerms")
        }
    }
}
