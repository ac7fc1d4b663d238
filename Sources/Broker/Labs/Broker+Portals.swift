import BrokerCore
import Identity

extension Broker {
    /// What a portal's sessions use at the moment.
    public func use(ofPortal id: PortalID) -> PortalUse { core.use(ofPortal: id) }

    /// Ends all sessions of a portal; the learners' files stay.
    public func endSessions(ofPortal id: PortalID) async throws(BrokerError) {
        let live = core.sessions.filter { $0.learner.portal == id && !$0.state.isOver }.map(\.id).sorted()
        for session in live { _ = try await end(session, reason: .removed(what: "the portal \(id)")) }
    }
}
