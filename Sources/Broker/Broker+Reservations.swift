import BrokerCore
import Store
import TLS

extension Broker {
    /// Reserves seats for a cohort, or says why there are none and when there are.
    public func reserve(_ terms: ReservationTerms) async throws(BrokerError) -> ReservationView {
        let id = ReservationID(rawValue: SecureRandom.slug(length: Broker.reservationIDLength))
        _ = try await ask { .reserve(terms, newID: id, request: $0) }
        probeHomes()
        return try await reservation(id)
    }

    /// No secret, but short enough to be typed: 40 bits, and an identifier that is taken is refused.
    nonisolated static let reservationIDLength = 8

    /// Seats are no longer held. Sessions that have one go on; who waits for one waits with everybody else.
    ///
    /// - Parameter who: for the stories of those who wait.
    public func cancelReservation(
        _ id: ReservationID, by who: String? = nil
    ) async throws(BrokerError) -> ReservationView {
        if let who { remark("\(who) cancels the reservation \(id).", onWaitingFor: { $0.id == id }) }
        _ = try await ask { .cancelReservation(id, request: $0) }
        return try await reservation(id)
    }

    /// All of the series that this one is of, as far as they are not over.
    ///
    /// - Parameter who: for the stories of those who wait.
    public func cancelSeries(
        of id: ReservationID, by who: String? = nil
    ) async throws(BrokerError) -> [ReservationID] {
        guard let series = try await stored(id).reservation.series else {
            throw BrokerError(.notNow, "The reservation \(id) is of no series; cancel it by itself.")
        }
        if let who {
            remark("\(who) cancels all reservations of a series, from \(id).", onWaitingFor: { $0.series == series })
        }
        guard case .cancelled(let ids) = try await answer(to: { .cancelSeries(series, request: $0) }) else { return [] }
        return ids
    }

    /// Who wants something of reservations, in the stories of those who wait for a seat of theirs. O(sessions).
    private func remark(_ words: String, onWaitingFor isMeant: (Reservation) -> Bool) {
        let waiting = core.sessions.filter { session in
            guard case .queued = session.state else { return false }
            return session.reservation.flatMap { core.reservation($0) }.map(isMeant) ?? false
        }
        remark(words, on: waiting.map(\.id).sorted())
    }

    /// Reserves many times at once, or says what stands against it.
    ///
    /// - Parameter isDryRun: only says what would become of it; nothing is changed.
    public func book(
        portal: String, items: [(terms: ReservationTerms, origin: ReservationOrigin?)], skipsConflicts: Bool = false,
        events: [String: EventRevision] = [:], replacement: Booking.Replacement = .ask, isDryRun: Bool = false
    ) async throws(BrokerError) -> BookingView {
        // Who asks has read the zones as they are today.
        await followZones()
        let booking = Booking(
            portal: portal,
            items: items.map {
                Booking.Item(
                    id: ReservationID(rawValue: SecureRandom.slug(length: Broker.reservationIDLength)),
                    terms: $0.terms, origin: $0.origin)
            }, skipsConflicts: skipsConflicts, events: events,
            replacement: replacement)
        let found =
            isDryRun ? try rehearse(booking) : try await answer(to: { .book(booking, request: $0) })
        guard case .booked(let outcome) = found else { return BookingView(booking, nil) }
        var view = BookingView(booking, outcome)
        for index in view.items.indices {
            guard view.items[index].message == nil, let id = view.items[index].id else { continue }
            view.items[index].message = core.reservation(id).flatMap(warmNote)
        }
        probeHomes()
        return view
    }

    /// A series that is made by hand gets a name of its own.
    public nonisolated static func newSeriesName() -> String { SecureRandom.slug(length: reservationIDLength) }

    /// What a copy of the core says.
    private func rehearse(_ booking: Booking) throws(BrokerError) -> Answer {
        var copy = core
        let request = RequestID(rawValue: .max)
        for case .answer(request, let answer) in copy.handle(.book(booking, request: request), at: now) {
            if case .refused(let refusal) = answer { throw BrokerError(refusal) }
            return answer
        }
        return .done
    }

    /// How many seats of a lab there are over a time.
    public func forecast(
        lab: String, from: Timestamp, to: Timestamp, steps: Int
    ) throws(BrokerError) -> CapacityForecast {
        do { return try core.forecast(lab: lab, from: from, to: to, steps: steps, at: now) } catch {
            throw BrokerError(error)
        }
    }

    /// Those that go on or come next first, in order of their start; then those that are over or cancelled, the latest first.
    public func reservations(limit: Int) async throws(BrokerError) -> [ReservationView] {
        do { return try await store.reservations(limit: limit).map { ReservationView($0, at: now) } } catch {
            throw BrokerError(error)
        }
    }

    public func reservation(_ id: ReservationID) async throws(BrokerError) -> ReservationView {
        var view = ReservationView(try await stored(id), at: now)
        if let reservation = core.reservation(id) { view.warmNote = warmNote(reservation) }
        return view
    }

    private func warmNote(_ reservation: Reservation) -> String? {
        guard reservation.phase == .booked else { return nil }
        return core.warmShortfall(of: reservation.terms, on: reservation.allocation)?.text
    }

    /// Those of a portal that begin at `since` or later, those that begin first first; cancelled ones too.
    public func reservations(
        of portal: String, since: Timestamp, limit: Int
    ) async throws(BrokerError) -> [ReservationView] {
        do {
            return try await store.reservations(of: portal, since: since, limit: limit).map {
                ReservationView($0, at: now)
            }
        } catch {
            throw BrokerError(error)
        }
    }

    /// Who came, who came late, and who of the roster did not.
    public func attendance(of id: ReservationID) async throws(BrokerError) -> AttendanceView {
        let stored = try await stored(id)
        let came: [(learner: String, at: Timestamp)]
        do { came = try await store.attendance(of: id) } catch { throw BrokerError(error) }
        return AttendanceView(stored, came: came, at: now)
    }

    private func stored(_ id: ReservationID) async throws(BrokerError) -> StoredReservation {
        let stored: StoredReservation?
        do { stored = try await store.reservation(id) } catch { throw BrokerError(error) }
        guard let stored else {
            throw BrokerError(
                .unknownReservation, "There is no reservation \(id); `carrel reserve list` shows those there are.")
        }
        return stored
    }
}
