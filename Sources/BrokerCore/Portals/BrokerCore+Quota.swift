import Identity

/// The quotas of portals. Reserved seats are within the quota from their admission on, so their sessions are never kept
/// from them; unclaimed warm seats belong to nobody yet and do not count.
extension BrokerCore {
    /// What a portal's sessions use at the moment. O(1).
    public func use(ofPortal portal: PortalID) -> PortalUse { portalUse[portal] ?? PortalUse() }

    /// Whether the quota has room for one more seat of this lab that no reservation guarantees.
    func hasQuota(for lab: Lab) -> Bool {
        guard let quota = catalogue.portals?[lab.key.portal]?.quota else { return true }
        let use = use(ofPortal: lab.key.portal)
        if let seats = quota.seats, use.seats >= seats { return false }
        if let memory = quota.memoryBytes, use.memoryBytes + lab.memoryBytes > memory { return false }
        return true
    }

    /// Why a portal has no room for another session; `nil` if it has.
    func refusalByQuota(of portal: PortalID) -> Refusal? {
        guard let sessions = catalogue.portals?[portal]?.quota.sessions, use(ofPortal: portal).sessions >= sessions
        else {
            return nil
        }
        return .limit(.portalSessions(portal, sessions))
    }

    /// Why a reservation is beyond its portal's quota, alone or together with those at the same time; `nil` if it is not.
    func problemOfQuota(with terms: ReservationTerms) -> BadTerms? {
        guard let quota = catalogue.portals?[terms.portal]?.quota, quota.seats != nil || quota.memoryBytes != nil else {
            return nil
        }
        var (seats, memory) = (terms.seats, Int64(terms.seats) * (catalogue.labs[terms.lab]?.memoryBytes ?? 0))
        for other in reservations.values where other.isBooked && other.terms.portal == terms.portal {
            guard other.terms.opensAt < terms.endsAt, terms.opensAt < other.terms.endsAt else { continue }
            seats += other.dueSeats
            memory += Int64(other.dueSeats) * (catalogue.labs[other.terms.lab]?.memoryBytes ?? 0)
        }
        if let limit = quota.seats, seats > limit {
            return .seatsOverQuota(terms.portal, seats: seats, quota: limit)
        }
        if let limit = quota.memoryBytes, memory > limit {
            return .memoryOverQuota(terms.portal, bytes: memory, quota: limit)
        }
        return nil
    }

    /// A session came into this standing (`count` is 1) or left it (-1).
    mutating func count(_ standing: Entry.Standing, of portal: PortalID, by count: Int) {
        var use = use(ofPortal: portal)
        switch standing {
        case .none: return
        case .queued, .parked: break
        case .seated(_, _, let memory, _):
            use.seats += count
            use.memoryBytes += Int64(count) * memory
        }
        use.sessions += count
        portalUse[portal] = use == PortalUse() ? nil : use
    }
}
