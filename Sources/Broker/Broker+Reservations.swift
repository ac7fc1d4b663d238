import BrokerCore
import Identity
import Store
import TLS
import Words

extension Broker {
    /// Reserves seats for a cohort, or throws why there are none and when there will be.
    public func reserve(_ terms: ReservationTerms) async throws(BrokerError) -> ReservationView {
        let id = ReservationID(rawValue: SecureRandom.slug(length: Broker.reservationIDLength))
        _ = try await ask { .reserve(terms, newID: id, request: $0) }
        probeHomes()
        return try await reservation(id, in: .portal(terms.portal))
    }

    /// 40 bits: not a secret, but short enough to type. An identifier that is in use is refused.
    nonisolated static let reservationIDLength = 8

    /// Cancels a reservation: its seats are no longer held. Sessions that have one continue; sessions that wait for one
    /// move to the general queue.
    ///
    /// - Parameter who: named in the stories of the waiting sessions.
    public func cancelReservation(
        _ id: ReservationID, in scope: Scope, by who: String? = nil
    ) async throws(BrokerError) -> ReservationView {
        _ = try await stored(id, in: scope)
        if let who { remark("\(who) cancels the reservation \(id).", onWaitingFor: { $0.id == id }) }
        _ = try await ask { .cancelReservation(id, request: $0) }
        return try await reservation(id, in: scope)
    }

    /// Cancels all reservations of the series that this one belongs to, unless they are over.
    ///
    /// - Parameter who: named in the stories of the waiting sessions.
    public func cancelSeries(
        of id: ReservationID, in scope: Scope, by who: String? = nil
    ) async throws(BrokerError) -> [ReservationID] {
        guard let series = try await stored(id, in: scope).reservation.series else {
            throw BrokerError(DriverRefusal.noSeries(id))
        }
        if let who {
            remark("\(who) cancels all reservations of a series, from \(id).", onWaitingFor: { $0.series == series })
        }
        guard case .cancelled(let ids) = try await answer(to: { .cancelSeries(series, request: $0) }) else { return [] }
        return ids
    }

    /// Adds a line to the stories of sessions that wait for a seat of matching reservations. O(sessions).
    private func remark(_ words: String, onWaitingFor isMeant: (Reservation) -> Bool) {
        let waiting = core.sessions.filter { session in
            guard case .queued = session.state else { return false }
            return session.reservation.flatMap { core.reservation($0) }.map(isMeant) ?? false
        }
        remark(words, on: waiting.map(\.id).sorted())
    }

    /// Books several reservations at once, or reports the conflicts.
    ///
    /// - Parameter isDryRun: only reports what would happen and changes nothing.
    public func book(
        portal: PortalID, items: [(terms: ReservationTerms, origin: ReservationOrigin?)], skipsConflicts: Bool = false,
        events: [String: EventRevision] = [:], replacement: Booking.Replacement = .ask, isDryRun: Bool = false
    ) async throws(BrokerError) -> BookingView {
        // The items were made with the current time zone rules, so standing reservations must follow them first.
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

    /// A new name for a series that is made by hand.
    public nonisolated static func newSeriesName() -> String { SecureRandom.slug(length: reservationIDLength) }

    /// Tries the booking on a copy of the core.
    private func rehearse(_ booking: Booking) throws(BrokerError) -> Answer {
        var copy = core
        let request = RequestID(rawValue: .max)
        for case .answer(request, let answer) in copy.handle(.book(booking, request: request), at: now) {
            if case .refused(let refusal) = answer { throw BrokerError(refusal) }
            return answer
        }
        return .done
    }

    /// A forecast of the seats for a lab over a time range.
    public func forecast(
        lab: LabKey, from: Timestamp, to: Timestamp, steps: Int
    ) throws(BrokerError) -> CapacityForecast {
        do { return try core.forecast(lab: lab, from: from, to: to, steps: steps, at: now) } catch {
            throw BrokerError(error)
        }
    }

    /// Current and upcoming reservations first, in order of start; then those that are over or cancelled, latest first.
    public func reservations(in scope: Scope, limit: Int) async throws(BrokerError) -> [ReservationView] {
        do { return try await store.reservations(in: scope, limit: limit).map { ReservationView($0, at: now) } } catch {
            throw BrokerError(error)
        }
    }

    public func reservation(_ id: ReservationID, in scope: Scope) async throws(BrokerError) -> ReservationView {
        var view = ReservationView(try await stored(id, in: scope), at: now)
        if let reservation = core.reservation(id) { view.warmNote = warmNote(reservation) }
        return view
    }

    private func warmNote(_ reservation: Reservation) -> String? {
        guard reservation.phase == .booked else { return nil }
        return core.warmShortfall(of: reservation.terms, on: reservation.allocation)?.text
    }

    /// Reservations that begin at `since` or later, in order of start, including cancelled ones.
    public func reservations(
        in scope: Scope, since: Timestamp, limit: Int
    ) async throws(BrokerError) -> [ReservationView] {
        do {
            return try await store.reservations(in: scope, since: since, limit: limit).map {
                ReservationView($0, at: now)
            }
        } catch {
            throw BrokerError(error)
        }
    }

    /// Which learners came, which came late, and which of the roster did not come.
    public func attendance(of id: ReservationID, in scope: Scope) async throws(BrokerError) -> AttendanceView {
        let stored = try await stored(id, in: scope)
        let came: [(learner: String, at: Timestamp)]
        do { came = try await store.attendance(of: id, in: scope) } catch { throw BrokerError(error) }
        return AttendanceView(stored, came: came, at: now)
    }

    private func stored(_ id: ReservationID, in scope: Scope) async throws(BrokerError) -> StoredReservation {
        let stored: StoredReservation?
        do { stored = try await store.reservation(id, in: scope) } catch { throw BrokerError(error) }
        guard let stored else { throw BrokerError(DriverRefusal.unknownReservation(id)) }
        return stored
    }
}
