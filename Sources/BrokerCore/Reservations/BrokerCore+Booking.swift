/// Books many reservations in one step.
extension BrokerCore {
    /// The changes of a booking worked out so far.
    private struct Draft {
        var outlook: Outlook
        /// Reservations whose promises have been removed from the outlook.
        var leaving: Set<ReservationID> = []
        var new: [Reservation] = []
        /// Reservations of which only the origin changes.
        var updated: [Reservation] = []
        var moved: [Reservation] = []
        var results: [BookingOutcome.Result] = []
        var conflicts = 0
    }

    mutating func book(_ booking: Booking, at now: Timestamp) -> Answer {
        if let refusal = refusal(of: booking) { return .refused(refusal) }
        let plan = CalendarPlan(booking, standing: standingOccurrences(of: booking), at: now)
        learnStays(at: now)
        // Reservations that move may take each other's seats, provided that all of them find some.
        var draft = draft(booking, plan, givingUpFirst: true, at: now)
        if booking.skipsConflicts, draft.results.contains(where: \.lacksPlace) {
            draft = self.draft(booking, plan, givingUpFirst: false, at: now)
        }
        findNextTimes(for: booking, plan, in: &draft, at: now)
        let isBooked = booking.skipsConflicts || !draft.results.contains(where: \.isConflict)
        let outcome = BookingOutcome(
            results: draft.results, cancelled: plan.dropped.map(\.id), leftOver: plan.leftOver, isBooked: isBooked)
        guard isBooked else { return .booked(outcome) }
        let count = reservations.count + draft.new.count - draft.moved.count - plan.dropped.count
        guard count <= Limits.reservations else { return .refused(.limit(.reservations)) }
        for reservation in plan.dropped + draft.moved { cancel(reservation, at: now) }
        for reservation in draft.updated { store(reservation) }
        for reservation in draft.new {
            store(reservation)
            if reservation.terms.opensAt <= now { seatWaiting(of: reservation.id, at: now) }
        }
        return .booked(outcome)
    }

    private func draft(
        _ booking: Booking, _ plan: CalendarPlan, givingUpFirst: Bool, at now: Timestamp
    ) -> Draft {
        var draft = Draft(outlook: outlook(at: now))
        for reservation in plan.dropped { giveUp(reservation, in: &draft) }
        if givingUpFirst {
            for item in booking.items {
                if case .move(let old) = plan.decision(on: item, at: now) { giveUp(old, in: &draft) }
            }
        }
        for item in booking.items {
            draft.results.append(consider(item, plan.decision(on: item, at: now), &draft, at: now))
        }
        return draft
    }

    private func refusal(of booking: Booking) -> Refusal? {
        guard booking.items.count <= Limits.bookingItems else {
            return .limit(.bookingItems(booking.items.count))
        }
        guard !booking.items.isEmpty || !booking.events.isEmpty else {
            return .badTerms(.nothingReserved)
        }
        guard booking.items.allSatisfy({ $0.terms.portal == booking.portal }) else {
            return .badTerms(.severalPortals)
        }
        let ids = Set(booking.items.map(\.id))
        guard ids.count == booking.items.count, ids.allSatisfy({ reservations[$0] == nil }) else {
            return .notNow(.reservationIDInUse)
        }
        let occurrences = booking.items.compactMap { CalendarPlan.Occurrence($0.origin) }
        guard Set(occurrences).count == occurrences.count else {
            return .badTerms(.occurrenceTwice)
        }
        let names = booking.items.compactMap(\.origin?.series) + booking.events.keys
        guard names.allSatisfy({ !$0.isEmpty && $0.utf8.count <= Limits.seriesNameLength }) else {
            return .badTerms(.seriesName)
        }
        return nil
    }

    /// The booked occurrences of the calendar's events.
    private func standingOccurrences(of booking: Booking) -> [CalendarPlan.Occurrence: Reservation] {
        var standing: [CalendarPlan.Occurrence: Reservation] = [:]
        for reservation in reservations.values where reservation.terms.portal == booking.portal {
            guard let occurrence = CalendarPlan.Occurrence(reservation.origin) else { continue }
            standing[occurrence] = reservation
        }
        return standing
    }

    private func giveUp(_ reservation: Reservation, in draft: inout Draft) {
        if draft.leaving.insert(reservation.id).inserted { add(reservation, times: -1, to: &draft.outlook.promises) }
    }

    private func consider(
        _ item: Booking.Item, _ decision: CalendarPlan.Decision, _ draft: inout Draft, at now: Timestamp
    ) -> BookingOutcome.Result {
        let old: Reservation?
        switch decision {
        case .answer(let result): return result
        case .note(let reservation):
            draft.updated.append(reservation)
            return .unchanged(reservation.id)
        case .move(let reservation): old = reservation
        case .make: old = nil
        }
        guard let lab = catalogue.labs[item.terms.lab] else {
            return .refused(.unknownLab(item.terms.lab))
        }
        if let problem = problem(with: item.terms, at: now) { return .refused(.badTerms(problem)) }
        let isFreed = old.map { draft.leaving.contains($0.id) } ?? true
        if let old { giveUp(old, in: &draft) }
        let allocation = allot(Wish(item.terms, lab: lab), lacking: lab.key, beside: draft.outlook, at: now)
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
            return .tooFewSeats(free: found, of: terms.seats)
        }
        return .noSeats(
            conflict(
                terms, lab: lab, found: found, beside: draft.outlook, leaving: draft.leaving, companions: draft.new,
                at: now))
    }

    /// For the items without seats, finds the next time with seats, taking into account all that the booking reserves,
    /// before and after them.
    private func findNextTimes(
        for booking: Booking, _ plan: CalendarPlan, in draft: inout Draft, at now: Timestamp
    ) {
        for (index, item) in booking.items.enumerated() {
            guard case .noSeats(var conflict) = draft.results[index], let lab = catalogue.labs[item.terms.lab] else {
                continue
            }
            var outlook = draft.outlook
            // A reservation that stays only because its new time had no seats would release its own seats by moving.
            if case .move(let old) = plan.decision(on: item, at: now), !draft.leaving.contains(old.id) {
                add(old, times: -1, to: &outlook.promises)
            }
            conflict.nextFree = nextFree(item.terms, lab: lab, beside: outlook, companions: draft.new, at: now)
            draft.results[index] = .noSeats(conflict)
        }
    }

    mutating func cancelSeries(_ series: ReservationSeries, at now: Timestamp) -> Answer {
        let members = reservations.values.filter { $0.isBooked && $0.series == series }.sorted {
            ($0.terms.from, $0.id) < ($1.terms.from, $1.id)
        }
        guard !members.isEmpty else {
            return .refused(.notNow(.seriesNotBooked))
        }
        for reservation in members { cancel(reservation, at: now) }
        return .cancelled(members.map(\.id))
    }
}
