/// A course of a portal, by the context that its launches name.
public struct Course: Hashable, Sendable, Codable {
    public var portal: PortalID
    /// The course's identifier, as its platform names it.
    public var context: String

    public init(portal: PortalID, context: String) {
        self.portal = portal
        self.context = context
    }
}
