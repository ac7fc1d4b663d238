import Broker
import BrokerCore
import Scheduling
import Text

/// The table of reservations, for operators and instructors.
enum ReservationTable {
    static func text(_ reservations: [ReservationView], time: TimeText) -> String {
        var table = Table([
            ("ID", .left), ("PHASE", .left), ("LAB", .left), ("FROM", .left), ("TO", .left), ("SEATS", .right),
            ("CLAIMED", .right), ("FOR", .left), ("NOTE", .left),
        ])
        let names = LabNames(reservations.map(\.portal))
        for reservation in reservations {
            table.add([
                reservation.id.rawValue, reservation.standing.rawValue,
                names.name(reservation.lab, of: reservation.portal), time.moment(reservation.from),
                time.moment(reservation.to), "\(reservation.seats)", "\(reservation.claims)", cohort(reservation),
                note(reservation),
            ])
        }
        return table.text()
    }

    /// All details of one reservation.
    static func details(_ reservation: ReservationView, time: TimeText) -> String {
        let hosts = reservation.hosts.sortedNaturally(by: \.key).map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return Table.list([
            ("id", reservation.id.rawValue), ("phase", reservation.standing.rawValue),
            ("portal", reservation.portal.rawValue),
            ("lab", reservation.lab), ("time zone", zone(of: reservation)), ("seats", "\(reservation.seats)"),
            ("claimed", "\(reservation.claims)"),
            ("at the peak", "\(reservation.peakSeats)"), ("warm at the start", "\(reservation.warmPercent) %"),
            ("for", cohort(reservation)), ("opens", time.moment(reservation.opensAt)),
            ("from", time.moment(reservation.from)), ("to", time.moment(reservation.to)),
            ("no-shows let go", released(reservation, time)), ("sessions end by", time.moment(reservation.endsAt)),
            ("hosts", hosts.isEmpty ? "-" : hosts),
            ("series", reservation.series ?? "-"), ("note", note(reservation)),
        ])
    }

    private static func released(_ reservation: ReservationView, _ time: TimeText) -> String {
        let moment = time.moment(reservation.noShowAt)
        if let released = reservation.released { return "\(released) at \(moment)" }
        return reservation.phase == .booked && reservation.noShowAt < reservation.to ? "at \(moment)" : "-"
    }

    /// The zone whose wall time it follows, and the release of the rules that gave its times.
    private static func zone(of reservation: ReservationView) -> String {
        reservation.zone.map { "\($0) (tzdata \(ZoneDatabase.system().version))" } ?? "-"
    }

    /// The addresses of calendar feeds.
    static func feeds(_ feeds: [FeedView], time: TimeText) -> String {
        var table = Table([("ID", .left), ("PORTAL", .left), ("MADE", .left)])
        for feed in feeds { table.add([feed.id, feed.portal.rawValue, time.moment(feed.createdAt)]) }
        return table.text()
    }

    private static func cohort(_ reservation: ReservationView) -> String {
        let roster = reservation.roster.isEmpty ? nil : "\(reservation.roster.count) on the roster"
        let parts = [reservation.context.map { "course \($0)" }, roster].compactMap(\.self)
        return parts.isEmpty ? "nobody" : parts.joined(separator: ", ")
    }

    /// The notice about a roster with more learners than seats.
    static func longRoster(of learners: Int, seats: Int) -> String? {
        learners <= seats ? nil : "the roster has \(learners) learners for \(seats == 1 ? "1 seat" : "\(seats) seats")"
    }

    private static func note(_ reservation: ReservationView) -> String {
        switch reservation.phase {
        case .booked:
            [
                reservation.missingSeats > 0
                    ? "degraded: no host has room for \(reservation.missingSeats) of its seats" : reservation.warmNote,
                longRoster(of: reservation.roster.count, seats: reservation.seats),
            ].compactMap(\.self).joined(separator: "; ")
        case .closed, .over:
            "\(max(0, reservation.seats - reservation.claims)) of \(reservation.seats) did not show up"
        case .cancelled:
            ""
        }
    }
}
