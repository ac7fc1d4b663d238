import BrokerCore
import GRDB
import Identity
import Literals
import Testing

@testable import Store

@Suite("Reservations in the state file")
struct ReservationStoreTests {
    let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    private func reservation(
        _ id: String, _ phase: Reservation.Phase = .booked, from: Timestamp = at(1000),
        allocation: [String: Int] = ["h1": 2, "h2": 1]
    ) -> Reservation {
        Reservation(
            id: ReservationID(rawValue: id),
            terms: ReservationTerms(
                lab: "school/python", seats: 3, from: from, to: from + .seconds(60), warmPercent: 65,
                lead: .seconds(5), noShowAfter: .milliseconds(1500), overrun: .seconds(7), context: "101",
                roster: ["ada", "bob"]),
            phase: phase, createdAt: at(10), allocation: allocation)
    }

    @Test("A reservation comes back as it was, with its roster, its hosts and its claims")
    func roundTrip() async throws {
        let booked = reservation("r1")
        do {
            let store = try Store(path: scratch.databasePath)
            try await store.commit([
                .reservation(booked), .claim("r1", learner: "ada", at: at(11)),
                .claim("r1", learner: "ada", at: at(12)),
            ])
        }
        let loaded = try Store(path: scratch.databasePath).load()
        #expect(loaded.reservations == [booked])
        #expect(loaded.claims == [Claim(reservation: "r1", learner: "ada")])
    }

    @Test("Its phase and its hosts change; a degraded one comes back degraded")
    func changes() async throws {
        let store = try Store(path: scratch.databasePath)
        try await store.commit([.reservation(reservation("r1"))])
        let degraded = reservation("r1", allocation: ["h3": 1])
        try await store.commit([.reservation(degraded)])
        #expect(try store.load().reservations == [degraded])
        #expect(try store.load().reservations.first?.missingSeats == 2)
    }

    @Test("What becomes of it comes back: no-shows, the peak, and what it was made from; its SEQUENCE may change")
    func outcome() async throws {
        let store = try Store(path: scratch.databasePath)
        var made = reservation("r1")
        made.origin = ReservationOrigin(series: "e1@example.org", sequence: 3, occurrence: at(1000))
        try await store.commit([.reservation(made), .peak("r1", seats: 2)])
        made.peakSeats = 2
        #expect(try store.load().reservations == [made])
        made.released = 1
        made.origin?.sequence = 4
        // The peak is written separately; the value stored with the reservation is older.
        made.peakSeats = 0
        try await store.commit([.reservation(made)])
        made.peakSeats = 2
        #expect(try store.load().reservations == [made])
        var series = reservation("r2")
        series.origin = ReservationOrigin(series: "weekly", occurrence: at(2000))
        try await store.commit([.reservation(series)])
        #expect(try await store.reservation("r2", in: .all)?.reservation.series?.isCalendar == false)
    }

    @Test("The wall time that people meant comes back, and its moments may change with the zone's rules")
    func wallTimes() async throws {
        let store = try Store(path: scratch.databasePath)
        var made = reservation("r1")
        made.terms.wall = WallSpan(zone: "America/Vancouver", from: 1_797_325_200, to: 1_797_332_400)
        made.origin = ReservationOrigin(
            series: "e1", sequence: 0, stamp: at(5), occurrence: at(1000),
            wall: WallMoment(zone: "America/Vancouver", seconds: 1_797_325_200))
        try await store.commit([.reservation(made)])
        #expect(try store.load().reservations == [made])
        made.terms.from = made.terms.from + .seconds(3600)
        made.terms.to = made.terms.to + .seconds(3600)
        made.origin?.occurrence = at(3_601_000)
        made.origin?.stamp = nil
        try await store.commit([.reservation(made)])
        #expect(try store.load().reservations == [made])
    }

    @Test("Those of a portal are listed from a time on; who came is listed in order")
    func ofPortal() async throws {
        let store = try Store(path: scratch.databasePath)
        var other = reservation("r9", from: at(2000))
        other.terms.lab.portal = "other"
        try await store.commit(
            [3000, 1000, 2000].map { .reservation(reservation("r\($0)", from: at($0))) } + [
                .reservation(other), .claim("r2000", learner: "bob", at: at(12)),
                .claim("r2000", learner: "ada", at: at(11)),
            ])
        let listed = try await store.reservations(in: .portal("school"), since: at(2000), limit: 10)
        #expect(listed.map(\.reservation.id) == ["r2000", "r3000"] && listed.map(\.claims) == [2, 0])
        #expect(
            try await store.reservations(in: .portal("school"), since: at(0), limit: 1).map(\.reservation.id) == [
                "r1000"
            ])
        let came = try await store.attendance(of: "r2000", in: .all)
        #expect(came.map(\.learner) == ["ada", "bob"] && came.map(\.at) == [at(11), at(12)])
    }

    @Test("What is over is not restored, but listed, with who came; those that are next come first")
    func over() async throws {
        let store = try Store(path: scratch.databasePath)
        try await store.commit([
            .reservation(reservation("r1")), .reservation(reservation("r2", from: at(2000))),
            .reservation(reservation("r3", from: at(3000))), .reservation(reservation("r4", from: at(4000))),
            .reservation(reservation("r0", from: at(500))), .claim("r1", learner: "ada", at: at(11)),
        ])
        try await store.commit([
            .reservation(reservation("r1", .over, allocation: [:])),
            .reservation(reservation("r3", .cancelled, from: at(3000), allocation: [:])),
        ])
        let state = try store.load()
        #expect(state.reservations.map(\.id) == ["r0", "r2", "r4"])
        #expect(state.claims.isEmpty)
        let listed = try await store.reservations(in: .all, limit: 10)
        #expect(listed.map(\.reservation.id) == ["r0", "r2", "r4", "r3", "r1"])
        #expect(listed.map(\.claims) == [0, 0, 0, 0, 1])
        #expect(try await store.reservations(in: .all, limit: 1).map(\.reservation.id) == ["r0"])
        #expect(try await store.reservation("r1", in: .all)?.reservation.phase == .over)
        #expect(try await store.reservation("r9", in: .all) == nil)
    }

    @Test("A session keeps its context and its reservation, and names none that does not exist")
    func sessions() async throws {
        let store = try Store(path: scratch.databasePath)
        var mine = session("a", .queued(since: at(1)))
        mine.context = "101"
        mine.reservation = "r1"
        await #expect(throws: StoreError.self) { try await store.commit([.session(mine)]) }
        try await store.commit([.session(mine), .reservation(reservation("r1"))])
        #expect(try store.load().sessions == [mine])
        mine.reservation = nil
        try await store.commit([.session(mine)])
        #expect(try await store.session("a", in: .all) == mine)
    }

    @Test("A file of the version before is brought up to date, with everything in it")
    func upgrade() async throws {
        let path = scratch.databasePath
        do {
            let old = try Store(path: path, migrations: [Schema.migrations[0]])
            try await old.database.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO sessions (id, portal, learner, learner_name, lab, epoch, state, since, created_at,
                            last_activity_at, failed_attempts)
                        VALUES ('a', 'school', 'ada', 'Ada', 'python', 1, 'queued', 1000, 1000, 1000, 0)
                        """)
            }
            try old.close()
        }
        let store = try Store(path: path)
        let session = try #require(try store.load().sessions.first)
        #expect(session.id == "a" && session.reservation == nil && session.context == nil)
        try await store.commit([.reservation(reservation("r1"))])
        #expect(try store.load().reservations.count == 1)
    }

    @Test("Lists and restarts are answered from an index")
    func indexes() throws {
        let store = try Store(path: scratch.databasePath)
        for sql in [
            ReservationRow.unfinished, ReservationRow.unfinishedClaims, ReservationRow.next(in: .all),
            ReservationRow.next(in: .portal("school")), ReservationRow.past(in: .all),
            ReservationRow.past(in: .portal("school")), ReservationRow.since(in: .all),
            ReservationRow.since(in: .portal("school")),
        ] {
            let plan = try store.database.read { db in
                try Row.fetchAll(
                    db, sql: "EXPLAIN QUERY PLAN " + sql,
                    arguments: StatementArguments(sql.filter { $0 == "?" }.map { _ in 1 })
                )
                .map { $0["detail"] as String }
            }
            // Reservations that are not over are few enough to be sorted.
            let isFew = [Scope.all, .portal("school")].contains { sql == ReservationRow.next(in: $0) }
            let isSorted = !isFew && plan.contains { $0.contains("TEMP B-TREE") }
            #expect(!isSorted, "\(plan)")
            #expect(!plan.contains { $0.hasPrefix("SCAN claims") }, "\(plan)")
        }
    }
}

extension ReservationID: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(rawValue: value) }
}

extension SessionID: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(rawValue: value) }
}
