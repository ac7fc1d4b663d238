import BrokerCore
import Identity
import TLS

/// A link that shows one instructor the labs of one course, until it expires. It opens no lab.
public struct InstructorLink: Hashable, Sendable {
    public var course: Course
    /// The instructor's identifier, unique in the portal.
    public var id: String
    public var name: String
    /// Seconds since 1970; the link is rejected from then on.
    public var expires: Int64

    /// Included in the link for human readers; what distinguishes it from a learner's link is the signed purpose.
    static let role = "instructor"

    static let form = LinkForm(
        purpose: "carrel instructor link 1", path: "/instructor",
        required: [
            LinkForm.portal, LinkForm.Field(name: "role", maximum: LaunchLimits.nameLength), LinkForm.context,
            LinkForm.Field(name: "instructor", maximum: IdentityLimits.subjectLength),
            LinkForm.Field(name: "name", maximum: IdentityLimits.nameLength), LinkForm.expires,
        ])

    public init(course: Course, id: String, name: String, expires: Int64) {
        self.course = course
        self.id = id
        self.name = name
        self.expires = expires
    }
}

extension LinkSigner {
    /// - Parameters:
    ///   - origin: the portal's, such as `https://portal.example:8443`.
    /// - now: when the link is created; it must expire later than that, by at most `LaunchLimits.linkValidity`.
    public func url(for link: InstructorLink, origin: String, now: Timestamp) throws(LaunchError) -> String {
        let values = [
            link.course.portal.rawValue, InstructorLink.role, link.course.context, link.id, link.name,
            String(link.expires),
        ]
        return try InstructorLink.form.url(
            for: LinkValues(required: values), expires: link.expires, origin: origin, key: key, now: now)
    }
}

/// The door for instructors' links.
public struct InstructorLinkDoor: Door {
    private let key: HMACKey

    public init(_ signer: LinkSigner) { key = signer.key }

    public var path: String { InstructorLink.form.path }
    public var aim: LaunchAim { .course }

    public func own(_ parameters: [(name: String, value: String)]) -> [(name: String, value: String)] {
        InstructorLink.form.own(parameters)
    }

    public func verify(
        _ parameters: [(name: String, value: String)], portal: PortalID, now: Timestamp
    ) throws(LaunchError) -> VerifiedLaunch {
        let required = try InstructorLink.form.verify(parameters, key: key, portal: portal, now: now).required
        guard required[1] == InstructorLink.role else {
            throw LaunchError(.invalidParameter, "role", "the link has another role; \(LaunchError.askAgain)")
        }
        return VerifiedLaunch(
            person: .bySignedLink(required[3], in: portal), name: required[4], role: .instructor, course: required[2],
            target: .coursePage)
    }
}
