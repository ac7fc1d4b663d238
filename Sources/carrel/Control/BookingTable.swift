import Broker
import BrokerCore

/// The outcome of reservations that were requested together, or of their dry run.
enum BookingTable {
    /// - Parameter summary: the last line, if it differs from the default for a booking.
    static func text(_ booking: BookingView, isDryRun: Bool, time: TimeText, summary: String? = nil) -> String {
        var table = Table([
            ("FROM", .left), ("TO", .left), ("LAB", .left), ("SEATS", .right), ("COURSE", .left), ("RESULT", .left),
            ("ID", .left), ("NOTE", .left),
        ])
        for item in booking.items {
            table.add([
                time.moment(item.from), time.moment(item.to), item.lab, "\(item.seats)", item.context ?? "-",
                word(item.result, booking, isDryRun: isDryRun),
                isDryRun || item.result.isConflict || !booking.isBooked ? "" : item.id?.rawValue ?? "",
                item.message ?? "",
            ])
        }
        let lines = booking.items.isEmpty ? [] : [table.text()]
        return (lines + [summary ?? Self.summary(booking, isDryRun: isDryRun)]).joined(separator: "\n")
    }

    private static func word(_ result: BookingView.Result, _ booking: BookingView, isDryRun: Bool) -> String {
        switch result {
        case .booked: isDryRun || !booking.isBooked ? "free" : "booked"
        case .moved: isDryRun || !booking.isBooked ? "to be moved" : "moved"
        case .unchanged: "unchanged"
        case .kept: "kept as it was"
        case .undecided: "undecided"
        case .begun: "begun already"
        case .noSeats: "no seats"
        case .refused: "refused"
        }
    }

    private static func summary(_ booking: BookingView, isDryRun: Bool) -> String {
        let conflicts = booking.items.count { $0.result.isConflict }
        let gone = booking.cancelled.isEmpty ? "" : "; \(booking.cancelled.count) taken out of the calendar"
        if !booking.isBooked {
            return "Nothing \(isDryRun ? "would be" : "is") booked: \(conflicts) of \(booking.items.count) cannot be."
        }
        let new = booking.items.count { [.booked, .moved].contains($0.result) }
        let left = conflicts == 0 ? "" : ", \(conflicts) left out"
        return "\(new) of \(booking.items.count) \(isDryRun ? "would be" : "are") booked now\(left)\(gone)."
    }
}
