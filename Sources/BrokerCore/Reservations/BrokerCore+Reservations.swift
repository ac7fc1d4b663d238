import Identity

/// Seats for cohorts: instructors' requests, learners' claims, and the effect of elapsed time on reservations.
extension BrokerCore {
    // MARK: Requests

    mutating func reserve(_ terms: ReservationTerms, newID id: ReservationID, at now: Timestamp) -> Answer {
        if let problem = problem(with: terms, at: now) { return .refused(.badTerms(problem)) }
        guard let lab = catalogue.labs[terms.lab] else { return .refused(.unknownLab(terms.lab)) }
        guard reservations[id] == nil else {
            return .refused(.notNow(.reservationIDInUse))
        }
        guard reservations.count < Limits.reservations else {
            return .refused(.limit(.reservations))
        }
        learnStays(at: now)
        let outlook = outlook(at: now)
        let allocation = allot(Wish(terms, lab: lab), lacking: lab.key, beside: outlook, at: now)
        let found = allocation.values.reduce(0, +)
        guard found == terms.seats else {
            var conflict = conflict(terms, lab: lab, found: found, beside: outlook, at: now)
            conflict.nextFree = nextFree(terms, lab: lab, beside: outlook, at: now)
            return .refused(.noSeats(conflict))
        }
        store(Reservation(id: id, terms: terms, phase: .booked, createdAt: now, allocation: allocation))
        if terms.opensAt <= now { seatWaiting(of: id, at: now) }
        return .reservation(id)
    }

    /// Why these terms are refused. Read only by operators and instructors.
    func problem(with terms: ReservationTerms, at now: Timestamp) -> BadTerms? {
        if let problem = catalogue.problem(with: terms.portal) ?? problemOfQuota(with: terms) { return problem }
        let margin = Limits.reservationMargin
        if !(1...Limits.reservationSeats).contains(terms.seats) {
            return .reservationSeats(terms.seats)
        }
        if terms.from >= terms.to { return .reservationEndsFirst }
        if terms.to <= now { return .reservationPassed }
        if terms.from - now > Limits.reservationHorizon {
            return .reservationTooFarAhead
        }
        if terms.endsAt - terms.opensAt > Limits.reservationLength {
            return .reservationTooLong
        }
        if [terms.lead, terms.noShowAfter, terms.overrun].contains(where: { $0 < .zero || $0 > margin }) {
            return .reservationMargins
        }
        if !(0...100).contains(terms.warmPercent) { return .warmShare }
        return terms.roster.count > Limits.rosterLength ? .rosterTooLong : nil
    }

    mutating func cancelReservation(_ id: ReservationID, at now: Timestamp) -> Answer {
        guard let reservation = reservations[id] else { return .refused(.unknownReservation(id)) }
        cancel(reservation, at: now)
        return .done
    }

    mutating func cancel(_ reservation: Reservation, at now: Timestamp) {
        leave(reservation, as: .cancelled, because: .reservationCancelled, at: now)
        forgetSeatsAfter(reservation.id)
        setReservation(reservation.id, nil)
        forgetClaims(of: reservation.id)
    }

    // MARK: Claims

    /// The reservation of which this learner gets a seat: one where they already have a claim, otherwise one with an
    /// unclaimed seat.
    func cohort(for learner: LearnerKey, lab: LabKey, context: String?, at now: Timestamp) -> Reservation? {
        guard let offered = seating.offered[lab] else { return nil }
        let open = offered.compactMap { reservations[$0] }.filter {
            $0.terms.opensAt <= now && now < $0.terms.to && $0.terms.isMeantFor(learner, context: context)
        }.sorted { ($0.terms.from, $0.id) < ($1.terms.from, $1.id) }
        return open.first { claims[$0.id]?.contains(learner.id) == true }
            ?? open.first { claims[$0.id, default: []].count < $0.terms.seats }
    }

    /// Claims a reserved seat for a waiting session, if one is available.
    mutating func claimSeat(for entry: inout Entry, at now: Timestamp) -> SeatClaim? {
        guard entry.session.reservation == nil,
            let reservation = cohort(
                for: entry.learner, lab: entry.session.lab, context: entry.session.context, at: now)
        else { return nil }
        let id = reservation.id
        if claims[id]?.contains(entry.learner.id) != true {
            setClaim(true, of: entry.learner.id, on: id)
            journal.changes.append(.claim(id, learner: entry.learner.id, at: now))
        }
        entry.session.reservation = id
        return SeatClaim(reservation: id, isLate: reservation.released != nil)
    }

    /// When a reservation opens, gives its seats to waiting sessions that have a right to one.
    mutating func seatWaiting(of id: ReservationID, at now: Timestamp) {
        guard let terms = reservations[id]?.terms else { return }
        for ticket in queue.waiting[.portal(terms.portal)] ?? [] {
            guard var entry = entries[ticket.id], let claim = claimSeat(for: &entry, at: now) else { continue }
            store(entry, at: now, because: .claimed(claim))
        }
    }

    // MARK: Time

    /// Applies the effect of elapsed time on reservations since the last event.
    mutating func settleReservations(at now: Timestamp) {
        guard catalogue.isConfigured, let due = reservationsDue, due <= now else { return }
        for reservation in reservations.values.sorted(by: <) { settle(reservation, at: now) }
        // What a host can offer besides its held seats depends on how close they are.
        for index in hosts.indices { order.touch(index) }
        step.mayPlace = true
        scheduleReservations(at: now)
    }

    private mutating func settle(_ reservation: Reservation, at now: Timestamp) {
        let terms = reservation.terms
        switch reservation.phase {
        case .booked:
            if terms.opensAt <= now, now < terms.to { seatWaiting(of: reservation.id, at: now) }
            guard terms.to <= now else {
                if reservation.noShowAt <= now, reservation.released == nil { releaseNoShows(of: reservation) }
                return
            }
            leave(reservation, as: .closed, because: .reservationOver, at: now)
            settle(reservations[reservation.id] ?? reservation, at: now)
        case .closed:
            guard terms.endsAt <= now else { return }
            endStarts(of: reservation.id, at: now)
            guard seating.used[reservation.id] == nil else { return }
            var over = reservation
            over.phase = .over
            store(over)
            setReservation(reservation.id, nil)
            forgetClaims(of: reservation.id)
        case .over, .cancelled:
            break
        }
    }

    /// A lab that is not ready at the reservation's end would only be ended once it is, and its seat may be promised to
    /// others from now on. Running labs have an alarm of their own.
    private mutating func endStarts(of id: ReservationID, at now: Timestamp) {
        for entry in seatedEntries(of: id) {
            if case .starting = entry.session.state { beginEnding(entry, reason: .reservationOver, at: now) }
        }
    }

    /// Releases the reservation's promises; its waiting sessions move to the general queue.
    private mutating func leave(
        _ old: Reservation, as phase: Reservation.Phase, because reason: StoryReason, at now: Timestamp
    ) {
        var reservation = old
        reservation.phase = phase
        reservation.allocation = [:]
        store(reservation)
        for id in (seating.waiting[old.id] ?? []).sorted() {
            guard var entry = entries[id] else { continue }
            entry.session.reservation = nil
            store(entry, at: now, because: reason)
        }
        step.mayPromise = true
    }

    private mutating func forgetClaims(of id: ReservationID) {
        for learner in claims[id] ?? [] { setClaim(false, of: learner, on: id) }
        seating.waiting[id] = nil
    }

    /// Computes when the passage of time next changes the effect of a reservation.
    mutating func scheduleReservations(at now: Timestamp) {
        journal.keep(reservationsDue: reservationsDue)
        let horizons = Set(catalogue.labs.values.map(\.demand.horizon))
        let ends = reservations.values.filter { !$0.isBooked }.map { reservation in
            reservation.terms.endsAt > now
                ? reservation.terms.endsAt : nextLookAfterEnd(of: reservation.id, at: now)
        }
        let next = reservations.values.lazy.filter(\.isBooked).flatMap { reservation -> [Timestamp] in
            let terms = reservation.terms
            let moments = (horizons.map { terms.opensAt - $0 } + [terms.opensAt, terms.to]).filter { $0 > now }
            // A reservation made after its start with a no-show time of zero is due already.
            return reservation.released == nil && reservation.noShowAt < terms.to
                ? moments + [reservation.noShowAt] : moments
        }.min()
        reservationsDue = (ends + [next].compactMap(\.self)).min()
    }

    /// A reservation is over when its last session is gone, which takes longer for extended sessions.
    private func nextLookAfterEnd(of id: ReservationID, at now: Timestamp) -> Timestamp {
        let soon = now + Limits.overrunRecheckDelay
        return max(soon, seatedEntries(of: id).compactMap(\.session.stay.seatUntil).min() ?? soon)
    }
}
