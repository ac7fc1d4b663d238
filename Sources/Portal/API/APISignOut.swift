import Doors
import Identity

/// Whose tickets are revoked: one person's, or those of everybody in a portal. Exactly one of `learner` and `everybody` is
/// given.
public struct APISignOut: Hashable, Sendable, Codable {
    public var portal: PortalID
    /// A person who comes by signed links, by their identifier.
    public var learner: String?
    public var everybody: Bool?

    public init(portal: PortalID, learner: String?) {
        self.portal = portal
        self.learner = learner
        everybody = learner == nil ? true : nil
    }

    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(
            APISignOut.self, from: body, example: #"{"portal":"school","learner":"ada"}"#)
        guard (learner != nil) != (everybody ?? false) else {
            throw APIRefusal.bad("give a learner, or \"everybody\": true")
        }
        if let learner { try APIRefusal.check(learner, name: "learner", limit: IdentityLimits.subjectLength) }
    }

    var target: Revocations.Target {
        learner.map { .person(.bySignedLink($0, in: portal)) } ?? .portal(portal)
    }
}

/// Tickets were revoked.
public struct APISignedOut: Hashable, Sendable, Codable {
    public var portal: PortalID
    public var learner: String?
    /// How many browsers' ways into labs were closed.
    public var closed: Int
}
