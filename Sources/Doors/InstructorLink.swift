import BrokerCore
import Identity

/// An instructor of a course of a portal.
public struct Instructor: Hashable, Sendable {
    public var course: Course
    public var id: String
    public var name: String

    public init(course: Course, id: String, name: String) {
        self.course = course
        self.id = id
        self.name = name
    }
}

/// A link that shows one instructor the labs of one course, until it expires. It opens no lab.
public struct InstructorLink: Hashable, Sendable {
    public var instructor: Instructor
    /// Seconds since 1970; the link is rejected from then on.
    public var expires: Int64

    /// The path of a link on the portal's hostname.
    public static let path = "/instructor"
    /// Included in the link for human readers; what distinguishes it from a learner's link is the signed purpose.
    static let role = "instructor"

    static let form = LinkForm(
        purpose: "carrel instructor link 1", path: path,
        required: [
            LinkForm.portal, LinkForm.Field(name: "role", maximum: LaunchLimits.nameLength), LinkForm.context,
            LinkForm.Field(name: "instructor", maximum: LaunchLimits.learnerLength),
            LinkForm.Field(name: "name", maximum: LaunchLimits.learnerNameLength), LinkForm.expires,
        ])

    public init(instructor: Instructor, expires: Int64) {
        self.instructor = instructor
        self.expires = expires
    }
}

extension LinkSigner {
    /// - Parameters:
    ///   - origin: the portal's, such as `https://portal.example:8443`.
    /// - now: when the link is created; it must expire later than that, by at most `LaunchLimits.linkValidity`.
    public func url(for link: InstructorLink, origin: String, now: Timestamp) throws(LaunchError) -> String {
        let (course, instructor) = (link.instructor.course, link.instructor)
        let values = [
            course.portal.rawValue, InstructorLink.role, course.context, instructor.id, instructor.name,
            String(link.expires),
        ]
        return try InstructorLink.form.url(
            for: LinkValues(required: values), expires: link.expires, origin: origin, key: key, now: now)
    }

    /// - Parameters:
    ///   - parameters: the decoded query, in any order.
    /// - portal: the portal that received the request.
    public func verifyInstructor(
        _ parameters: [(name: String, value: String)], portal: PortalID, now: Timestamp
    ) throws(LaunchError) -> InstructorLink {
        let (values, expires) = try InstructorLink.form.verify(parameters, key: key, portal: portal, now: now)
        let required = values.required
        guard required[1] == InstructorLink.role else {
            throw LaunchError(.invalidParameter, "role", "the link has another role; \(LaunchError.askAgain)")
        }
        return InstructorLink(
            instructor: Instructor(
                course: Course(portal: portal, context: required[2]), id: required[3], name: required[4]),
            expires: expires)
    }
}
