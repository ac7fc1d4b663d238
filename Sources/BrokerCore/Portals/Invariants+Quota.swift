import Identity

extension BrokerCore {
    /// What does not agree with the sessions, for the invariants.
    func quotaViolations() -> [String] {
        var fresh: [PortalID: PortalUse] = [:]
        for entry in entries.values {
            switch entry.standing {
            case .none: continue
            case .queued, .parked: break
            case .seated(_, _, let memory, _):
                fresh[entry.learner.portal, default: PortalUse()].seats += 1
                fresh[entry.learner.portal, default: PortalUse()].memoryBytes += memory
            }
            fresh[entry.learner.portal, default: PortalUse()].sessions += 1
        }
        return fresh == portalUse ? [] : ["the use of portals is \(portalUse), not \(fresh)"]
    }
}
