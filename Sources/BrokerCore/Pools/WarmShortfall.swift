/// Why fewer seats of a reservation can be warm than it requests.
public struct WarmShortfall: Hashable, Sendable {
    /// Seats that should be warm at the start.
    public var wanted: Int
    /// How many of those can be.
    public var possible: Int
    /// Why homes cannot be attached to running labs, as reported by one of the hosts.
    public var reason: String?

    /// For operators and instructors.
    public var text: String {
        let count =
            possible == 0
            ? "None of its seats can be warm at the start"
            : "Only \(possible) of the \(wanted) seats can be warm at the start"
        let why = reason.map { ": \(Explanations.sentence($0))" } ?? "."
        return "\(count), because its hosts cannot attach a learner's files to a lab that runs already\(why) Name the "
            + "learners with --roster or --learner, and their labs are started with their files; or share the homes."
    }
}

extension BrokerCore {
    /// What prevents the warm seats that a reservation requests, as far as is known now; `nil` if nothing does.
    ///
    /// - Parameter allocation: the seats promised by each host.
    public func warmShortfall(of terms: ReservationTerms, on allocation: [String: Int]) -> WarmShortfall? {
        let wanted = terms.warmSeats
        guard wanted > 0, lab(terms.lab)?.files == .home else { return nil }
        var possible = 0
        var reason: String?
        for (name, seats) in allocation.sorted(by: { $0.key < $1.key }) {
            if !sharedHomes {
                reason = "homes are volumes"
            } else if case .impossible(let why)? = record(of: name)?.settings.attachment {
                reason = reason ?? why
            } else {
                possible += seats
            }
        }
        possible = min(wanted, possible + terms.roster.count)
        return possible < wanted ? WarmShortfall(wanted: wanted, possible: possible, reason: reason) : nil
    }
}

extension ReservationTerms {
    /// The number of seats that should be warm at the start.
    var warmSeats: Int { (seats * warmPercent + 99) / 100 }
}
