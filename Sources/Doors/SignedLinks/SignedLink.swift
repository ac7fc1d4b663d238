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

    static let form = LinkForm(
        purpose: "carrel signed link 1", path: "/launch",
        required: [
            LinkForm.portal, LinkForm.Field(name: "lab", maximum: LaunchLimits.nameLength),
            LinkForm.Field(name: "learner", maximum: IdentityLimits.subjectLength),
            LinkForm.Field(name: "name", maximum: IdentityLimits.nameLength), LinkForm.expires,
        ], optional: LinkForm.context)

    /// - Parameter learner: the identifier is normalised to NFC, so that one person is one learner.
    public init(learner: Learner, lab: String, expires: Int64, context: String? = nil) {
        self.learner = Learner(.bySignedLink(learner.id, in: learner.portal), name: learner.name)
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
}

/// The door for learners' links.
public struct SignedLinkDoor: Door {
    private let key: HMACKey

    public init(_ signer: LinkSigner) { key = signer.key }

    public var path: String { SignedLink.form.path }
    public var aim: LaunchAim { .lab }

    public func own(_ parameters: [(name: String, value: String)]) -> [(name: String, value: String)] {
        SignedLink.form.own(parameters)
    }

    public func verify(
        _ parameters: [(name: String, value: String)], portal: PortalID, now: Timestamp
    ) throws(LaunchError) -> VerifiedLaunch {
        let values = try SignedLink.form.verify(parameters, key: key, portal: portal, now: now)
        let required = values.required
        return VerifiedLaunch(
            person: .bySignedLink(required[2], in: portal), name: required[3], role: .learner, course: values.optional,
            target: .lab(required[1]))
    }
}

extension Person {
    /// - Parameter id: as it is in a link. It is normalised to NFC, so that one person is one learner.
    public static func bySignedLink(_ id: String, in portal: PortalID) -> Person {
        Person(portal: portal, issuer: signedLinks, subject: id.precomposedStringWithCanonicalMapping)
    }
}
