import Identity
import Literals
import Testing
import Words

@testable import BrokerCore

@Suite("Series of reservations")
struct BookingTests {
    private func item(
        _ id: String, _ scene: Scene, seats: Int, after: Duration, event: String? = nil, sequence: Int = 0,
        occurrence: Int64? = nil
    ) -> Booking.Item {
        let terms = scene.terms(seats: seats, after: after)
        let start = occurrence.map { Timestamp(milliseconds: $0) } ?? terms.from
        return Booking.Item(
            id: ReservationID(rawValue: id), terms: terms,
            origin: event.map { ReservationOrigin(series: $0, sequence: sequence, occurrence: start) }
                ?? ReservationOrigin(series: "weekly", occurrence: start))
    }

    private func book(
        _ scene: inout Scene, _ items: [Booking.Item], skipsConflicts: Bool = false, events: [String: Int] = [:],
        replacement: Booking.Replacement = .ask
    ) -> BookingOutcome? {
        let stamps = Dictionary(items.compactMap { item in item.origin.map { ($0.series, $0.stamp) } }) { $1 }
        let revisions = Dictionary(
            uniqueKeysWithValues: events.map {
                ($0.key, EventRevision(sequence: $0.value, stamp: stamps[$0.key] ?? nil))
            })
        let booking = Booking(
            portal: "school", items: items, skipsConflicts: skipsConflicts, events: revisions, replacement: replacement)
        guard case .booked(let outcome)? = scene.answer(to: .book(booking, request: scene.request())) else {
            return nil
        }
        return outcome
    }

    private static let day = Duration.seconds(86_400)

    @Test("A series is admitted in one step, and each of it holds its seats")
    func series() {
        var scene = Scene.reserving()
        let outcome = book(&scene, (1...4).map { item("w\($0)", scene, seats: 5, after: Self.day * (7 * $0)) })
        #expect(outcome?.isBooked == true)
        #expect(outcome?.results == [.booked("w1"), .booked("w2"), .booked("w3"), .booked("w4")])
        #expect(scene.core.reservations.count == 4)
        #expect(scene.changes.count { if case .reservation = $0 { true } else { false } } == 4)
        #expect(
            scene.core.reservation("w3")?.series
                == ReservationSeries(portal: "school", name: "weekly", isCalendar: false))
    }

    @Test("All or nothing: one without seats leaves nothing booked, and every conflict is named")
    func allOrNothing() {
        var scene = Scene.reserving()
        scene.reserve("r1", seats: 6, after: Self.day * 14)
        scene.reserve("r2", seats: 6, after: Self.day * 28)
        let items = (1...4).map { item("w\($0)", scene, seats: 5, after: Self.day * (7 * $0)) }
        let outcome = book(&scene, items)
        #expect(outcome?.isBooked == false)
        #expect(outcome?.results.map(\.isConflict) == [false, true, false, true])
        guard case .noSeats(let conflict)? = outcome?.results[1] else {
            Issue.record("no conflict")
            return
        }
        #expect(conflict.free == 2 && conflict.others == ["r1"] && conflict.nextFree != nil)
        #expect(scene.core.reservations.count == 2 && scene.changes.isEmpty)
        // With `skipsConflicts`, the items that find seats are booked.
        let skipping = book(&scene, items, skipsConflicts: true)
        #expect(skipping?.isBooked == true && scene.core.reservations.count == 4)
        #expect(scene.core.reservation("w1") != nil && scene.core.reservation("w2") == nil)
    }

    @Test("Occurrences that overlap are in each other's way")
    func overlapping() {
        var scene = Scene.reserving()
        let items = [
            item("w1", scene, seats: 5, after: Self.day), item("w2", scene, seats: 5, after: Self.day + .seconds(3600)),
        ]
        #expect(book(&scene, items)?.results.map(\.isConflict) == [false, true])
        let small = items.map { item in
            var item = item
            item.terms.seats = 4
            return item
        }
        #expect(book(&scene, small)?.isBooked == true)
    }

    private func conflicts(_ outcome: BookingOutcome?) -> [ReservationConflict] {
        (outcome?.results ?? []).compactMap { if case .noSeats(let conflict) = $0 { conflict } else { nil } }
    }

    @Test("A refusal names what the same booking gave the seats to, and a next time that is free beside all of it")
    func companions() throws {
        var scene = Scene.reserving()
        scene.reserve("r1", seats: 2, after: Self.day)
        let items = [
            item("a", scene, seats: 5, after: Self.day, event: "one"),
            item("b", scene, seats: 3, after: Self.day, event: "two"),
            // This item takes the first time at which the refused one could otherwise be booked.
            item("c", scene, seats: 8, after: Self.day + .seconds(7800), event: "three"),
        ]
        let start = scene.now + Self.day
        let outcome = book(&scene, items, skipsConflicts: true)
        #expect(outcome?.results.map(\.isConflict) == [false, true, false])
        let conflict = try #require(conflicts(outcome).first)
        #expect(conflict.free == 1 && conflict.others == ["r1"])
        #expect(conflict.companions.map(\.event) == ["one"] && conflict.companions.map(\.seats) == [5])
        #expect(conflict.nextFree == start + .seconds(15_600))
        #expect(
            conflict.message.contains(
                "(also reserved then: r1; given before it to others of the same booking: 5 seats from \(start.text) "
                    + "for the event one)"))
        // It is admitted at that time.
        #expect(scene.reserve("r2", seats: 3, after: Self.day + .seconds(15_600)) == .reservation("r2"))
    }

    @Test("Among nobody else a series knows that it is in its own way, and names the first of many")
    func ownWay() throws {
        var scene = Scene.reserving()
        let start = scene.now + Self.day
        for skips in [false, true] {
            let items = (0...8).map { item("w\($0)", scene, seats: 1, after: Self.day) }
            let conflict = try #require(conflicts(book(&scene, items, skipsConflicts: skips)).first)
            #expect(conflict.others.isEmpty && conflict.companions.count == 8)
            #expect(conflict.nextFree == start + .seconds(7800))
            let five = Array(repeating: "1 seat from \(start.text)", count: 5).joined(separator: ", ")
            #expect(conflict.message.contains("of the same booking: \(five), 3 more). It is free from "))
        }
    }

    @Test("A move that finds no seats is told a time for which it may give up its own")
    func nextOfMove() throws {
        var scene = Scene.reserving()
        let old = Self.day + .seconds(3600)
        _ = book(&scene, [item("a1", scene, seats: 8, after: old, event: "e", occurrence: 1)], events: ["e": 0])
        let taken = Self.day - .seconds(4800)
        #expect(scene.reserve("r1", seats: 1, after: taken) == .reservation("r1"))
        for skips in [false, true] {
            let moved = [item("b1", scene, seats: 8, after: taken, event: "e", sequence: 1, occurrence: 1)]
            let outcome = book(&scene, moved, skipsConflicts: skips, events: ["e": 1])
            let conflict = try #require(conflicts(outcome).first)
            // It overlaps its own old time, which begins ten minutes later.
            #expect(conflict.others == ["r1"] && conflict.nextFree == scene.now + taken + .seconds(7800))
        }
    }

    @Test("An item that cannot be booked is named beside the others")
    func senseless() {
        var scene = Scene.reserving()
        let items = [
            item("w1", scene, seats: 1, after: Self.day), item("w2", scene, seats: 0, after: Self.day * 2),
            item("w3", scene, seats: 1, after: Self.day * -1),
        ]
        let outcome = book(&scene, items)
        #expect(outcome?.isBooked == false)
        #expect(outcome?.results.first == .booked("w1"))
        #expect(outcome?.results.last == .refused(.badTerms(.reservationPassed)))
    }

    @Test("A whole series is cancelled at once, one of it by itself, and nobody else's by its name")
    func cancel() {
        var scene = Scene.reserving()
        _ = book(&scene, (1...3).map { item("w\($0)", scene, seats: 5, after: Self.day * (7 * $0)) })
        _ = book(&scene, [item("c1", scene, seats: 1, after: Self.day, event: "weekly")])
        scene.send(.cancelReservation("w2", request: scene.request()))
        #expect(scene.core.reservations.count == 3)
        let series = ReservationSeries(portal: "school", name: "weekly", isCalendar: false)
        let answer = scene.answer(to: .cancelSeries(series, request: scene.request()))
        #expect(answer == .cancelled(["w1", "w3"]))
        #expect(scene.core.reservations.count == 1 && scene.core.reservation("c1") != nil)
        guard case .refused(.notNow)? = scene.answer(to: .cancelSeries(series, request: scene.request())) else {
            Issue.record("cancelled twice")
            return
        }
    }

    // MARK: Calendars

    @Test("A calendar that is imported twice changes nothing; a new SEQUENCE moves what has other terms")
    func imports() {
        var scene = Scene.reserving()
        let first = [
            item("a1", scene, seats: 8, after: Self.day, event: "e", occurrence: 1),
            item("a2", scene, seats: 8, after: Self.day * 2, event: "e", occurrence: 2),
        ]
        #expect(book(&scene, first, events: ["e": 0])?.isBooked == true)
        func renamed(_ items: [Booking.Item], _ prefix: String, sequence: Int) -> [Booking.Item] {
            items.map { item in
                var item = item
                item.id = ReservationID(rawValue: prefix + item.id.rawValue)
                item.origin?.sequence = sequence
                return item
            }
        }
        let again = book(&scene, renamed(first, "b", sequence: 0), events: ["e": 0])
        #expect(again?.results == [.unchanged("a1"), .unchanged("a2")] && scene.changes.isEmpty)
        // Different terms with the same SEQUENCE are detected, and change nothing.
        var smaller = renamed(first, "s", sequence: 0)
        smaller[0].terms.seats = 1
        #expect(book(&scene, smaller, events: ["e": 0])?.results == [.undecided("a1"), .unchanged("a2")])
        #expect(scene.changes.isEmpty && scene.core.reservation("a1")?.terms.seats == 8)
        // The second moves by an hour and overlaps its own old seats; only the text of the first changes.
        var second = renamed(first, "c", sequence: 1)
        second[1].terms.from = second[1].terms.from + .seconds(3600)
        second[1].terms.to = second[1].terms.to + .seconds(3600)
        let moved = book(&scene, second, events: ["e": 1])
        #expect(moved?.results == [.unchanged("a1"), .moved("ca2", from: "a2")])
        #expect(scene.core.reservation("a1")?.origin?.sequence == 1 && scene.core.reservation("a2") == nil)
        #expect(scene.core.reservation("ca2")?.terms.from == second[1].terms.from)
        #expect(
            scene.changes.contains {
                if case .reservation(let r) = $0 { r.id == "a2" && r.phase == .cancelled } else { false }
            })
    }

    @Test("Occurrences may take each other's places; what left the calendar is cancelled, with a new SEQUENCE only")
    func swaps() {
        var scene = Scene.reserving()
        let (one, two) = (Self.day, Self.day + .seconds(7800))
        #expect(
            book(
                &scene,
                [
                    item("a1", scene, seats: 8, after: one, event: "e", occurrence: 1),
                    item("a2", scene, seats: 8, after: two, event: "e", occurrence: 2),
                    item("a3", scene, seats: 8, after: Self.day * 3, event: "e", occurrence: 3),
                ], events: ["e": 0])?.isBooked == true)
        let without = [
            item("b1", scene, seats: 8, after: two, event: "e", sequence: 0, occurrence: 1),
            item("b2", scene, seats: 8, after: one, event: "e", sequence: 0, occurrence: 2),
        ]
        #expect(book(&scene, without, events: ["e": 0])?.cancelled == [])
        let swapped = without.map { item in
            var item = item
            item.origin?.sequence = 2
            return item
        }
        let outcome = book(&scene, swapped, events: ["e": 2])
        #expect(outcome?.results == [.moved("b1", from: "a1"), .moved("b2", from: "a2")])
        #expect(outcome?.cancelled == ["a3"] && scene.core.reservations.count == 2)
    }

    @Test("A move that finds no seats leaves the old time booked")
    func refusedMove() {
        var scene = Scene.reserving()
        _ = book(&scene, [item("a1", scene, seats: 8, after: Self.day, event: "e", occurrence: 1)], events: ["e": 0])
        scene.reserve("r1", seats: 1, after: Self.day * 2)
        let moved = [item("b1", scene, seats: 8, after: Self.day * 2, event: "e", sequence: 1, occurrence: 1)]
        for skips in [false, true] {
            #expect(book(&scene, moved, skipsConflicts: skips, events: ["e": 1])?.results.map(\.isConflict) == [true])
            #expect(scene.core.reservation("a1")?.phase == .booked)
        }
    }

    /// A single class from a calendar whose SEQUENCE never changes, such as `1-first` and `2-moved-an-hour`.
    private func version(_ id: String, _ scene: Scene, hour: Int64, stamp: Int64?) -> Booking.Item {
        var item = item(id, scene, seats: 8, after: Self.day + .seconds(3600 * hour), event: "e")
        item.origin?.stamp = stamp.map { Timestamp(milliseconds: $0) }
        return item
    }

    @Test("Without a new SEQUENCE the later change counts: an event that moved is moved, and not booked twice")
    func stamps() {
        var scene = Scene.reserving()
        _ = book(&scene, [version("a", scene, hour: 0, stamp: 1)], events: ["e": 0])
        let moved = book(&scene, [version("b", scene, hour: 1, stamp: 2)], events: ["e": 0])
        #expect(moved?.results == [.moved("b", from: "a")] && scene.core.reservations.count == 1)
        // Importing the older file again changes nothing, because the booked revision is newer.
        let older = book(&scene, [version("c", scene, hour: 0, stamp: 1)], events: ["e": 0])
        #expect(older?.results == [.kept("b")] && scene.core.reservations.count == 1)
    }

    @Test(
        "Where nothing says what is newer, whoever imports decides; until then what is booked stays",
        arguments: [nil, 1] as [Int64?])
    func undecided(stamp: Int64?) {
        var scene = Scene.reserving()
        _ = book(&scene, [version("a", scene, hour: 0, stamp: stamp)], events: ["e": 0])
        let asked = book(&scene, [version("b", scene, hour: 1, stamp: stamp)], skipsConflicts: true, events: ["e": 0])
        #expect(asked?.results == [.undecided("a")] && scene.core.reservation("a") != nil)
        let kept = book(
            &scene, [version("c", scene, hour: 1, stamp: stamp)], events: ["e": 0], replacement: .keep)
        #expect(kept?.results == [.kept("a")] && scene.core.reservations.count == 1)
        let replaced = book(
            &scene, [version("d", scene, hour: 1, stamp: stamp)], events: ["e": 0], replacement: .replace)
        #expect(replaced?.results == [.moved("d", from: "a")] && scene.core.reservations.count == 1)
    }

    @Test("What a file of the same version has no more is named, and cancelled only when that is wanted")
    func leftOver() {
        var scene = Scene.reserving()
        let items = (1...2).map {
            item("a\($0)", scene, seats: 8, after: Self.day * $0, event: "e", occurrence: Int64($0))
        }
        _ = book(&scene, items, events: ["e": 0])
        let without = book(
            &scene,
            [items[0]].map { item in
                var item = item
                item.id = "b1"
                return item
            }, events: ["e": 0])
        #expect(without?.leftOver == ["a2"] && without?.cancelled == [] && scene.core.reservations.count == 2)
        #expect(book(&scene, [], events: ["e": 0], replacement: .replace)?.cancelled == ["a1", "a2"])
    }

    @Test("What finds seats is booked even where others do not, and those that swap their places still do")
    func swapBesideAConflict() {
        var scene = Scene.reserving()
        let (one, two) = (Self.day, Self.day + .seconds(7800))
        _ = book(
            &scene,
            [
                item("a1", scene, seats: 8, after: one, event: "e", occurrence: 1),
                item("a2", scene, seats: 8, after: two, event: "e", occurrence: 2),
            ], events: ["e": 0])
        let swapped = [
            item("b1", scene, seats: 8, after: two, event: "e", sequence: 1, occurrence: 1),
            item("b2", scene, seats: 8, after: one, event: "e", sequence: 1, occurrence: 2),
        ]
        let outcome = book(&scene, swapped, skipsConflicts: true, events: ["e": 1])
        #expect(outcome?.results == [.moved("b1", from: "a1"), .moved("b2", from: "a2")])
    }

    @Test("What has opened already stays as it is")
    func begun() {
        var scene = Scene.reserving()
        _ = book(
            &scene, [item("a1", scene, seats: 8, after: .seconds(3600), event: "e", occurrence: 1)], events: ["e": 0])
        scene.wait(.seconds(3000))
        let moved = [item("b1", scene, seats: 4, after: .seconds(7200), event: "e", sequence: 1, occurrence: 1)]
        #expect(book(&scene, moved, events: ["e": 1])?.results == [.begun("a1")])
        #expect(book(&scene, [], events: ["e": 1])?.cancelled == [])
    }

    @Test("A booking beyond its limits is refused whole")
    func limits() {
        var scene = Scene.reserving()
        func refused(_ items: [Booking.Item], portal: PortalID = "school") -> Bool {
            let booking = Booking(portal: portal, items: items)
            if case .refused? = scene.answer(to: .book(booking, request: scene.request())) { return true }
            return false
        }
        let one = item("w", scene, seats: 1, after: Self.day, event: "e")
        #expect(refused([]))
        #expect(refused([one], portal: "other"))
        #expect(refused([one, one]))
        #expect(refused((0...Limits.bookingItems).map { item("w\($0)", scene, seats: 1, after: Self.day) }))
        var twin = one
        twin.id = "w2"
        #expect(refused([one, twin]))
        var long = one
        long.origin?.series = String(repeating: "x", count: Limits.seriesNameLength + 1)
        #expect(refused([long]))
        #expect(!refused([one]))
    }

    @Test("Of very many conflicts the first are looked into, the others counted")
    func manyConflicts() {
        var scene = Scene.reserving()
        let outcome = book(
            &scene, (0...Limits.conflictsExplained).map { item("w\($0)", scene, seats: 9, after: Self.day * ($0 + 1)) })
        #expect(outcome?.results.count { if case .noSeats = $0 { true } else { false } } == Limits.conflictsExplained)
        #expect(outcome?.results.last == .tooFewSeats(free: 8, of: 9))
    }
}
