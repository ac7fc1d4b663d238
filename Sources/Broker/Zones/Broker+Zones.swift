import BrokerCore
import Scheduling

/// A reservation that was moved because the rules of its time zone have changed.
public struct RetimedReservation: Hashable, Sendable, Codable {
    /// The reservation after the move.
    public var reservation: ReservationView
    /// When it began before.
    public var from: Timestamp
}

/// Reservations in wall time follow the system's time zones.
extension Broker {
    /// Moves reservations that were made in wall time to the absolute times that it means under the current time zone
    /// rules. A reservation without seats at its new time is degraded and logged as a warning.
    ///
    /// - Returns: the reservations that were moved.
    @discardableResult
    public func followZones() async -> [RetimedReservation] {
        let booked = core.wallReservations(at: now)
        let changes = Self.retimings(of: booked, by: configuration.zones) { zone, reason in
            log.warning(
                "reservations of a time zone stay as they are", metadata: ["zone": "\(zone)", "why": "\(reason)"])
        }
        guard !changes.isEmpty else { return [] }
        let before = Dictionary(uniqueKeysWithValues: booked.map { ($0.id, $0.terms.from) })
        do {
            guard case .retimed(let ids) = try await answer(to: { .retime(changes, request: $0) }) else { return [] }
            var moved: [RetimedReservation] = []
            for id in ids {
                let view = try await reservation(id, in: .all)
                moved.append(RetimedReservation(reservation: view, from: before[id] ?? view.from))
                report(view, zones: configuration.zones.version)
            }
            return moved
        } catch {
            log.error(
                "reservations were not brought to the new rules of their time zones",
                metadata: ["reason": "\(error.message)"])
            return []
        }
    }

    /// The input of `Event.retime`: only what changes.
    nonisolated static func retimings(
        of reservations: [Reservation], by zones: ZoneDatabase, unknown: (_ zone: String, _ reason: String) -> Void
    ) -> [Retiming] {
        var clocks: [String: WallClock?] = [:]
        func clock(_ zone: String) -> WallClock? {
            if let known = clocks[zone] { return known }
            var found: WallClock?
            do { found = try zones.clock(named: zone) } catch { unknown(zone, error.message) }
            clocks[zone] = .some(found)
            return found
        }
        func moment(_ zone: String, _ seconds: Int64, near given: Timestamp) -> Timestamp {
            clock(zone)?.moment(of: WallTime(secondsSince1970: seconds), near: given) ?? given
        }
        return reservations.compactMap { reservation in
            guard let wall = reservation.terms.wall else { return nil }
            let (terms, origin) = (reservation.terms, reservation.origin)
            let from = moment(wall.zone, wall.from, near: terms.from)
            let to = moment(wall.zone, wall.to, near: terms.to)
            let occurrence = origin?.wall.map { moment($0.zone, $0.seconds, near: origin?.occurrence ?? from) }
            guard from != terms.from || to != terms.to || occurrence.map({ $0 != origin?.occurrence }) ?? false else {
                return nil
            }
            return Retiming(id: reservation.id, from: from, to: to, occurrence: occurrence)
        }
    }

    private func report(_ view: ReservationView, zones: String) {
        let facts = "reservation \(view.id) of lab \(view.lab)"
        guard view.missingSeats > 0 else {
            return log.notice(
                "\(facts) keeps its wall time and is at another moment",
                metadata: ["from": "\(view.from.text)", "tzdata": "\(zones)"])
        }
        log.warning(
            "\(facts) keeps its wall time, and at that moment no host has room for \(view.missingSeats) of its seats",
            metadata: ["from": "\(view.from.text)", "seats": "\(view.seats)", "tzdata": "\(zones)"])
    }
}
