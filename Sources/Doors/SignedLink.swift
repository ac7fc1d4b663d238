import BrokerCore
import Foundation
import Identity
import TLS

/// A link that admits one learner to one lab of one portal until it expires: for courses that can only show a link, and
/// for operators who help somebody.
public struct SignedLink: Hashable, Sendable {
    public var learner: Learner
    public var lab: String
    /// Seconds since 1970; the link is rejected from then on.
    public var expires: Int64
    /// The course from which the learner comes, which determines the reserved seats.
    public var context: String?

    /// The path of a link on the portal's hostname.
    public static let path = "/launch"

    static let form = LinkForm(
        purpose: "carrel signed link 1", path: path,
        required: [
            LinkForm.portal, LinkForm.Field(name: "lab", maximum: LaunchLimits.nameLength),
            LinkForm.Field(name: "learner", maximum: LaunchLimits.learnerLength),
            LinkForm.Field(name: "name", maximum: LaunchLimits.learnerNameLength), LinkForm.expires,
        ], optional: LinkForm.context)

    /// The parameters of a query that belong to a link.
    public static func ownParameters(
        _ parameters: [(name: String, value: String)]
    ) -> [(name: String, value: String)] { form.own(parameters) }

    /// - Parameter learner: the identifier is normalised to NFC, so that one person is one learner.
    public init(learner: Learner, lab: String, expires: Int64, context: String? = nil) {
        self.learner = Learner(
            portal: learner.portal, id: learner.id.precomposedStringWithCanonicalMapping, name: learner.name)
        self.context = context
        self.lab = lab
        self.expires = expires
    }
}

/// Creates and verifies signed links. Any thread.
public struct LinkSigner: Sendable {
    let key: HMACKey

    public init(key: HMACKey) { self.key = key }

    /// - Parameters:
    ///   - origin: the portal's, such as `https://portal.example:8443`.
    /// - now: when the link is created; it must expire later than that, by at most `LaunchLimits.linkValidity`.
    public func url(for link: SignedLink, origin: String, now: Timestamp) throws(LaunchError) -> String {
        let learner = link.learner
        let values = [learner.portal.rawValue, link.lab, learner.id, learner.name, String(link.expires)]
        return try SignedLink.form.url(
            for: LinkValues(required: values, optional: link.context), expires: link.expires, origin: origin, key: key,
            now: now)
    }

    /// - Parameters:
    ///   - parameters: the decoded query, in any order.
    /// - portal: the portal that received the request.
    public func verify(
        _ parameters: [(name: String, value: String)], portal: PortalID, now: Timestamp
    ) throws(LaunchError) -> SignedLink {
        let (values, expires) = try SignedLink.form.verify(parameters, key: key, portal: portal, now: now)
        let required = values.required
        return SignedLink(
            learner: Learner(portal: portal, id: required[2], name: required[3]), lab: required[1],
            expires: expires, context: values.optional)
    }
}
