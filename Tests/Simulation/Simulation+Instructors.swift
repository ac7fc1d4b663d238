import BrokerCore
import Identity
import Literals

/// Instructors: they book single reservations, series and calendars, and change their minds.
extension Simulation {
    func instructorActs() {
        guard isOpen else { return }
        plan(.instructorActs, in: random.milliseconds(3000...40_000))
        guard core != nil, let lab = random.pick(allLabs) else { return }
        let booked = store.reservations.values.filter { $0.phase == .booked }.sorted { $0.id < $1.id }
        switch Int.random(in: 0..<9, using: &random) {
        case 8: governmentActs()
        case 0...1:
            if let one = random.pick(booked) { take(.cancelReservation(one.id, request: newRequest())) }
        case 2:
            if let series = random.pick(booked.filter { $0.origin != nil })?.series {
                count("series cancelled")
                take(.cancelSeries(series, request: newRequest()))
            }
        case 3...4:
            book(lab.name, isCalendar: !random.oneIn(3), booked: booked)
        default:
            take(.reserve(terms(of: lab.name), newID: newReservationID(), request: newRequest()))
        }
    }

    private func newReservationID() -> ReservationID {
        newIDs += 1
        return ReservationID(rawValue: "r\(newIDs)")
    }

    private func terms(of lab: String, portal: PortalID? = nil) -> ReservationTerms {
        let portal = portal ?? (random.oneIn(2) ? "east" : "west")
        let from = wall + random.milliseconds(-5000...120_000)
        return ReservationTerms(
            lab: LabKey(portal: portal, name: lab), seats: Int.random(in: 1...5, using: &random), from: from,
            to: from + random.milliseconds(10_000...200_000), warmPercent: Int.random(in: 0...100, using: &random),
            lead: random.milliseconds(0...30_000), noShowAfter: random.milliseconds(0...30_000),
            overrun: random.milliseconds(0...60_000), context: random.oneIn(4) ? nil : "\(portal)-101",
            roster: random.oneIn(2) ? ["l1", "l2"] : [],
            wall: random.oneIn(2) ? WallSpan(zone: "Area/Place", from: 0, to: 1) : nil)
    }

    /// Changes the time zone rules, which moves the reservations that were made in wall time.
    private func governmentActs() {
        guard let core else { return }
        let shift = random.milliseconds(-20_000...20_000)
        let changes = core.wallReservations(at: wall).map {
            Retiming(id: $0.id, from: $0.terms.from + shift, to: $0.terms.to + shift, occurrence: nil)
        }
        guard !changes.isEmpty else { return }
        count("zones changed")
        take(.retime(changes, request: newRequest()))
    }

    /// Books a reservation. A calendar has mostly been imported before, and may have changed since.
    private func book(_ lab: String, isCalendar: Bool, booked: [Reservation]) {
        let before = isCalendar ? random.pick(booked.filter { $0.origin?.sequence != nil }) : nil
        let portal = before?.terms.portal ?? (random.oneIn(2) ? "east" : "west")
        let event = before?.origin?.series ?? "\(isCalendar ? "event" : "series")-\(newIDs)"
        let sequence =
            isCalendar ? max(0, (before?.origin?.sequence ?? 3) + Int.random(in: -1...2, using: &random)) : nil
        let stamp = sequence == nil || random.oneIn(2) ? nil : Timestamp(milliseconds: Int64(newIDs))
        var items: [Booking.Item] = []
        for occurrence in 1...2 where !random.oneIn(5) {
            let origin = ReservationOrigin(
                series: event, sequence: sequence, stamp: stamp, occurrence: Timestamp(milliseconds: Int64(occurrence)))
            let old = booked.first { $0.origin?.series == event && $0.origin?.occurrence == origin.occurrence }
            let terms = random.oneIn(3) ? old?.terms : nil
            items.append(
                Booking.Item(
                    id: newReservationID(), terms: terms ?? self.terms(of: lab, portal: portal), origin: origin))
        }
        let booking = Booking(
            portal: portal, items: items, skipsConflicts: random.oneIn(2),
            events: sequence.map { [event: EventRevision(sequence: $0, stamp: stamp)] } ?? [:],
            replacement: random.pick([.ask, .replace, .keep]) ?? .ask)
        take(.book(booking, request: newRequest()))
    }

    /// Checks the outcome of a booking against the disk.
    func check(_ outcome: BookingOutcome) {
        count(outcome.isBooked ? "booking admitted" : "booking refused")
        for result in outcome.results {
            switch result {
            case .booked(let id), .moved(let id, _):
                if outcome.isBooked { admitted.insert(id) }
                if !outcome.isBooked, store.reservations[id] != nil { complain("\(id) is booked, and was refused") }
                if case .moved(_, let old) = result, outcome.isBooked {
                    count("occurrence moved")
                    if store.reservations[old]?.phase != .cancelled { complain("\(old) was moved, and is there") }
                }
            case .unchanged(let id), .kept(let id), .begun(let id), .undecided(let id):
                count("occurrence left as it is")
                if store.reservations[id]?.phase == .cancelled { complain("\(id) was to stay, and is cancelled") }
            case .noSeats(let conflict):
                if conflict.free >= conflict.wanted { complain("refused although there are seats: \(conflict)") }
            case .tooFewSeats(let free, let wanted):
                if free >= wanted { complain("refused although \(free) of \(wanted) seats are free") }
            case .refused(let refusal):
                if refusal.message.isEmpty { complain("a refusal without words") }
            }
        }
        for id in outcome.leftOver where outcome.isBooked && store.reservations[id]?.phase == .cancelled {
            complain("\(id) was to stay, though its calendar has it no more, and is cancelled")
        }
        for id in outcome.cancelled where outcome.isBooked && store.reservations[id]?.phase != .cancelled {
            complain("\(id) left its calendar, and is there")
        }
    }

    /// Checks that no seat outlives its reservation's overrun, and that no seat is held for a no-show.
    func checkReservedTime(_ core: BrokerCore) {
        for session in core.sessions {
            guard case .running = session.state, let id = session.reservation,
                let reservation = core.reservation(id)
            else { continue }
            let end = max(reservation.terms.endsAt, session.stay.seatUntil ?? reservation.terms.endsAt)
            if end < wall { complain("\(session.id) runs after the overrun of \(id)") }
        }
        for reservation in store.reservations.values where reservation.phase == .booked {
            let terms = reservation.terms
            guard reservation.noShowAt < wall, wall < terms.to else { continue }
            guard let released = reservation.released else {
                complain("\(reservation.id) still waits for no-shows")
                continue
            }
            if released > 0 { count("no-shows released") }
            let claimed = store.claims.count { $0.reservation == reservation.id }
            if reservation.allocation.values.reduce(0, +) > claimed {
                complain("\(reservation.id) holds \(reservation.allocation) for \(claimed)")
            }
        }
    }
}
