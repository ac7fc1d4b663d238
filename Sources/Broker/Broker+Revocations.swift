import BrokerCore
import Edge
import Identity
import Store
import TLS

/// Sign-outs, and the admission of tickets.
extension Broker {
    /// The number that new tickets carry, `Revocations.generation`.
    public var ticketGeneration: Int64 { revocations.generation }

    /// The claims of a ticket whose signature has been verified; see `Revocations.admit`.
    ///
    /// - Parameter portal: the portal that received it.
    public func admit(_ ticket: TicketClaims, to portal: PortalID) throws(TicketFault) -> Claims {
        try revocations.admit(ticket, to: portal, at: now.seconds)
    }

    /// Revokes tickets, with everything that they have opened: one-time codes, access to labs, open WebSockets and event
    /// streams. Sessions go on; the next launch leads back to them.
    ///
    /// It takes effect immediately, and is on disk when this returns.
    ///
    /// - Returns: how many grants of access to labs were taken back.
    /// - Throws: `.unknownPortal`; `.storage` if it cannot be stored: the tickets are refused all the same, until this
    ///   process ends.
    public func revoke(_ target: Revocations.Target) async throws(BrokerError) -> Int {
        let scope = target.portal
        guard configuration.portals.contains(where: { $0.id == scope }) else {
            throw BrokerError(DriverRefusal.unknownPortal(scope))
        }
        revocations.prune(at: now.seconds)
        let record = revocations.revoke(target, at: now.seconds)
        let revoked = revocations
        entryCodes.forget { revoked.isRevoked($0) }
        let taken: [AccessGrant]
        do { taken = try await store.revoke(record, at: now.seconds) } catch { throw BrokerError(error) }
        for (session, grants) in Dictionary(grouping: taken, by: \.session) {
            let digests = grants.compactMap { Digest32($0.tokenDigest) }
            self.grants[session]?.removeAll { digests.contains($0) }
            edge.apply([.revoke(slug: session.rawValue, digests: digests)])
        }
        // The pages of other visits connect again.
        for id in watchers.sessions where core.session(id).map({ record.target.concerns($0.learner.person) }) ?? true {
            watchers.finish(id)
        }
        log.info("signed out", metadata: ["portal": "\(scope)", "labs": "\(taken.count)"])
        return taken.count
    }
}

extension Revocations.Target {
    fileprivate var portal: PortalID {
        switch self {
        case .visit(_, let person), .person(let person): person.portal
        case .portal(let portal): portal
        }
    }

    fileprivate func concerns(_ owner: Person) -> Bool {
        switch self {
        case .visit(_, let person), .person(let person): person == owner
        case .portal(let portal): portal == owner.portal
        }
    }
}
