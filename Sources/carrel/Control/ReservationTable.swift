import Broker
import BrokerCore

/// Reservations as operators and instructors read them.
enum ReservationTable {
    static func text(_ reservations: [ReservationView], time: TimeText) -> String {
        var table = Table([
            ("ID", .left), ("PHASE", .left), ("LAB", .left), ("FROM", .left), ("TO", .left), ("SEATS", .right),
            ("CLAIMED", .right), ("FOR", .left), ("NOTE", .left),
        ])
        for reservation in reservations {
            table.add([
                reservation.id.rawValue, reservation.phase.rawValue, reservation.lab, time.moment(reservation.from),
                time.moment(reservation.to), "\(reservation.seats)", "\(reservation.claims)", cohort(reservation),
                note(reservation),
            ])
        }
        return table.text()
    }

    /// Everything about one.
    static func details(_ reservation: ReservationView, time: TimeText) -> String {
        let hosts = reservation.hosts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return Table.list([
            ("id", reservation.id.rawValue), ("phase", reservation.phase.rawValue), ("portal", reservation.portal),
            ("lab", reservation.lab), ("seats", "\(reservation.seats)"), ("claimed", "\(reservation.claims)"),
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

    /// Addresses of calendars.
    static func feeds(_ feeds: [FeedView], time: TimeText) -> String {
        var table = Table([("ID", .left), ("PORTAL", .left), ("MADE", .left)])
        for feed in feeds { table.add([feed.id, feed.portal, time.moment(feed.createdAt)]) }
        return table.text()
    }

    private static func cohort(_ reservation: ReservationView) -> String {
        let roster = reservation.roster.isEmpty ? nil : "\(reservation.roster.count) on the roster"
        let parts = [reservation.context.map { "course \($0)" }, roster].compactMap(\.self)
        return parts.isEmpty ? "nobody" : parts.joined(separator: ", ")
    }

    private static func note(_ reservation: ReservationView) -> String {
        switch reservation.phase {
        case .booked:
            reservation.missingSeats > 0
                ? "degraded: no host has room for \(reservation.missingSeats) of its seats" : ""
        case .closed, .over:
            "\(max(0, reservation.seats - reservation.claims)) of \(reservation.seats) did not show up"
        case .cancelled:
            ""
        }
    }
}
