/// Many reservations in one step.
extension BrokerCore {
    /// What a booking would change, as far as it has been looked at.
    private struct Draft {
        var outlook: Outlook
        /// Reservations whose promises are taken out of the outlook.
        var leaving: Set<ReservationID> = []
        var new: [Reservation] = []
        /// With another origin only.
        var updated: [Reservation] = []
        var moved: [Reservation] = []
        var dropped: [Reservation] = []
        var results: [BookingOutcome.Result] = []
        var conflicts = 0
    }

    private struct Occurrence: Hashable {
        var event: String
        var start: Timestamp
    }

    mutating func book(_ booking: Booking, at now: Timestamp) -> Answer {
        if let refusal = refusal(of: booking) { return .refused(refusal) }
        let standing = standingOccurrences(of: booking)
        learnStays(at: now)
        var draft = Draft(outlook: outlook(at: now))
        let named = Set(booking.items.compactMap(Self.occurrence))
        draft.dropped = standing.filter { occurrence, reservation in
            guard let newest = booking.events[occurrence.event], let old = reservation.origin?.sequence else {
                return false
            }
            return !named.contains(occurrence) && old < newest && reservation.terms.opensAt > now
        }.values.sorted(by: <)
        for reservation in draft.dropped { giveUp(reservation, in: &draft) }
        if !booking.skipsConflicts {
            // Those that move may take each other's places.
            for item in booking.items {
                guard let old = Self.occurrence(item).flatMap({ standing[$0] }), moves(old, to: item, at: now) else {
                    continue
                }
                giveUp(old, in: &draft)
            }
        }
        for item in booking.items {
            let result = consider(item, insteadOf: Self.occurrence(item).flatMap { standing[$0] }, &draft, at: now)
            draft.results.append(result)
        }
        let isBooked = booking.skipsConflicts || !draft.results.contains(where: \.isConflict)
        let outcome = BookingOutcome(results: draft.results, cancelled: draft.dropped.map(\.id), isBooked: isBooked)
        guard isBooked else { return .booked(outcome) }
        let count = reservations.count + draft.new.count - draft.moved.count - draft.dropped.count
        guard count <= Limits.reservations else { return .refused(.tooManyReservations) }
        for reservation in draft.dropped + draft.moved { cancel(reservation, at: now) }
        for reservation in draft.updated { store(reservation) }
        for reservation in draft.new {
            store(reservation)
            if reservation.terms.opensAt <= now { seatWaiting(of: reservation.id, at: now) }
        }
        return .booked(outcome)
    }

    private func refusal(of booking: Booking) -> Refusal? {
        guard booking.items.count <= Limits.bookingItems else {
            return .limit(
                "\(booking.items.count) reservations are asked for together; \(Limits.bookingItems) is the limit. "
                    + "Ask for fewer, or for a shorter time.")
        }
        guard !booking.items.isEmpty || !booking.events.isEmpty else {
            return .badTerms("No reservation is asked for.")
        }
        guard booking.items.allSatisfy({ $0.terms.portal == booking.portal }) else {
            return .badTerms("Reservations that are made together are of one portal.")
        }
        let ids = Set(booking.items.map(\.id))
        guard ids.count == booking.items.count, ids.allSatisfy({ reservations[$0] == nil }) else {
            return .notNow("A new reservation's identifier is already in use; reserve again.")
        }
        let occurrences = booking.items.compactMap(Self.occurrence)
        guard Set(occurrences).count == occurrences.count else {
            return .badTerms("One occurrence of an event is there twice.")
        }
        let names = booking.items.compactMap(\.origin?.series) + booking.events.keys
        guard names.allSatisfy({ !$0.isEmpty && $0.utf8.count <= Limits.seriesNameLength }) else {
            return .badTerms("The name of a series has 1 to \(Limits.seriesNameLength) bytes.")
        }
        return nil
    }

    /// Of a calendar's event.
    private static func occurrence(_ item: Booking.Item) -> Occurrence? {
        guard let origin = item.origin, origin.sequence != nil else { return nil }
        return Occurrence(event: origin.series, start: origin.occurrence)
    }

    /// What is booked already of the calendar's events.
    private func standingOccurrences(of booking: Booking) -> [Occurrence: Reservation] {
        var standing: [Occurrence: Reservation] = [:]
        for reservation in reservations.values where reservation.terms.portal == booking.portal {
            guard let origin = reservation.origin, origin.sequence != nil else { continue }
            standing[Occurrence(event: origin.series, start: origin.occurrence)] = reservation
        }
        return standing
    }

    private func moves(_ old: Reservation, to item: Booking.Item, at now: Timestamp) -> Bool {
        guard let newer = item.origin?.sequence, let sequence = old.origin?.sequence else { return false }
        return newer > sequence && old.terms != item.terms && old.isBooked && old.terms.opensAt > now
    }

    private func giveUp(_ reservation: Reservation, in draft: inout Draft) {
        if draft.leaving.insert(reservation.id).inserted { add(reservation, times: -1, to: &draft.outlook.promises) }
    }

    private func consider(
        _ item: Booking.Item, insteadOf old: Reservation?, _ draft: inout Draft, at now: Timestamp
    ) -> BookingOutcome.Result {
        if var old, let sequence = old.origin?.sequence {
            guard let newer = item.origin?.sequence, newer > sequence else {
                return old.terms == item.terms ? .unchanged(old.id) : .kept(old.id)
            }
            if old.terms == item.terms {
                old.origin = item.origin
                draft.updated.append(old)
                return .unchanged(old.id)
            }
            guard moves(old, to: item, at: now) else { return .begun(old.id) }
        }
        guard let lab = catalogue.labs[item.terms.lab] else {
            return .refused(Refusal.unknownLab(item.terms.lab).message)
        }
        if let problem = problem(with: item.terms, at: now) { return .refused(problem) }
        let isFreed = old.map { draft.leaving.contains($0.id) } ?? true
        if let old { giveUp(old, in: &draft) }
        let allocation = allot(Wish(item.terms, lab: lab), lacking: lab.name, beside: draft.outlook, at: now)
        let found = allocation.values.reduce(0, +)
        guard found == item.terms.seats else {
            let result = conflict(item.terms, lab: lab, found: found, &draft, at: now)
            if let old, !isFreed {
                draft.leaving.remove(old.id)
                add(old, to: &draft.outlook.promises)
            }
            return result
        }
        let reservation = Reservation(
            id: item.id, terms: item.terms, phase: .booked, createdAt: now, allocation: allocation, origin: item.origin)
        draft.new.append(reservation)
        add(reservation, to: &draft.outlook.promises)
        guard let old else { return .booked(item.id) }
        draft.moved.append(old)
        return .moved(item.id, from: old.id)
    }

    private func conflict(
        _ terms: ReservationTerms, lab: Lab, found: Int, _ draft: inout Draft, at now: Timestamp
    ) -> BookingOutcome.Result {
        draft.conflicts += 1
        guard draft.conflicts <= Limits.conflictsExplained else {
            return .refused("Only \(found) of \(terms.seats) seats are free all that time.")
        }
        return .noSeats(
            conflict(
                terms, lab: lab, found: found, beside: draft.outlook, leaving: draft.leaving, at: now))
    }

    mutating func cancelSeries(_ series: ReservationSeries, at now: Timestamp) -> Answer {
        let members = reservations.values.filter { $0.isBooked && $0.series == series }.sorted {
            ($0.terms.from, $0.id) < ($1.terms.from, $1.id)
        }
        guard !members.isEmpty else {
            return .refused(.notNow("Nothing of this series is booked any more."))
        }
        for reservation in members { cancel(reservation, at: now) }
        return .cancelled(members.map(\.id))
    }
}
