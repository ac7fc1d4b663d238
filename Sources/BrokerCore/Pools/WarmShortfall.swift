/// Why fewer seats of a reservation can be warm than it requests.
public struct WarmShortfall: Hashable, Sendable {
    /// Seats that should be warm at the start.
    public var wanted: Int
    /// How many of those can be.
    public var possible: Int
    /// Why homes cannot be attached to running labs; `nil` if that is not known.
    public var reason: Reason?

    public enum Reason: Hashable, Sendable {
        case homesAreVolumes
        /// As reported by one of the hosts.
        case told(String)
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
        var reason: WarmShortfall.Reason?
        for (name, seats) in allocation.sorted(by: { $0.key < $1.key }) {
            if !sharedHomes {
                reason = .homesAreVolumes
            } else if case .impossible(let why)? = record(of: name)?.settings.attachment {
                reason = reason ?? .told(why)
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
