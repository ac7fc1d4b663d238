import Broker
import BrokerCore
import Text

/// Attendance at reservations.
enum AttendanceTable {
    static func details(_ attendance: AttendanceView, time: TimeText) -> String {
        let reservation = attendance.reservation
        let list = Table.list([
            ("id", reservation.id.rawValue), ("phase", reservation.phase.rawValue), ("lab", reservation.lab),
            ("from", time.moment(reservation.from)), ("seats", "\(reservation.seats)"),
            ("claimed", "\(reservation.claims)"), ("at the peak", "\(reservation.peakSeats)"),
            ("no-shows", "\(attendance.noShows) (\(attendance.noShowPercent) %)"),
            ("let go", reservation.released.map { "\($0) at \(time.moment(reservation.noShowAt))" } ?? "-"),
        ])
        var table = Table([("LEARNER", .left), ("CAME", .left), ("NOTE", .left)])
        for arrival in attendance.arrivals {
            table.add([
                arrival.learner, time.moment(arrival.at), arrival.isLate ? "after the no-show time" : "",
            ])
        }
        for learner in attendance.absent { table.add([learner, "-", "did not come"]) }
        let isEmpty = attendance.arrivals.isEmpty && attendance.absent.isEmpty
        return isEmpty ? list : list + "\n\n" + table.text()
    }

    /// Several reservations and their total.
    struct Report: Hashable, Encodable {
        struct Line: Hashable, Encodable {
            var id: ReservationID
            var lab: String
            var from: Timestamp
            var seats: Int
            var claims: Int
            var peakSeats: Int
            var noShows: Int
        }

        var reservations: [Line]
        var seats: Int
        var claims: Int
        var noShows: Int
        /// In percent of the seats; `nil` if there are none.
        var noShowPercent: Int?

        init(_ views: [ReservationView]) {
            reservations = views.map {
                Line(
                    id: $0.id, lab: $0.lab, from: $0.from, seats: $0.seats, claims: $0.claims,
                    peakSeats: $0.peakSeats, noShows: max(0, $0.seats - $0.claims))
            }
            seats = reservations.map(\.seats).reduce(0, +)
            claims = reservations.map(\.claims).reduce(0, +)
            noShows = reservations.map(\.noShows).reduce(0, +)
            noShowPercent = seats > 0 ? noShows * 100 / seats : nil
        }

        func text(time: TimeText) -> String {
            var table = Table([
                ("ID", .left), ("LAB", .left), ("FROM", .left), ("SEATS", .right), ("CLAIMED", .right),
                ("PEAK", .right), ("NO-SHOWS", .right),
            ])
            for line in reservations {
                table.add([
                    line.id.rawValue, line.lab, time.moment(line.from), "\(line.seats)", "\(line.claims)",
                    "\(line.peakSeats)", "\(line.noShows)",
                ])
            }
            let percent = noShowPercent.map { " (\($0) %)" } ?? ""
            return table.text()
                + "\n\(Plural.count(seats, "seat")), \(claims) claimed, \(Plural.count(noShows, "no-show"))\(percent)"
        }
    }
}
