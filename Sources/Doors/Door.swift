import BrokerCore
import Identity

/// A way from outside into a portal. Whatever it receives, it verifies, and it ends in a `VerifiedLaunch` or in a refusal
/// by code. What follows from a launch is the same for all doors, and is the portal's matter.
///
/// Each door has a folder of its own, and a line in `LaunchSecrets.doors`.
public protocol Door: Sendable {
    /// The path on the portal's hostname: `/` and one component.
    var path: String { get }
    /// What its launches lead to. Tells people whom to ask when a launch is refused.
    var aim: LaunchAim { get }

    /// The parameters that belong to the door. Others were added on the way, by mail programs and click trackers, and
    /// are ignored.
    func own(_ parameters: [(name: String, value: String)]) -> [(name: String, value: String)]

    /// - Parameters:
    ///   - parameters: the decoded query or form, in any order.
    ///   - portal: the portal that received the request.
    func verify(
        _ parameters: [(name: String, value: String)], portal: PortalID, now: Timestamp
    ) throws(LaunchError) -> VerifiedLaunch
}

/// What a launch leads to. The raw values select in patterns of the catalogues.
public enum LaunchAim: String, Hashable, Sendable {
    case lab, course
}

/// A launch that a door has verified: who comes, from where, and where to.
public struct VerifiedLaunch: Hashable, Sendable {
    public enum Target: Hashable, Sendable {
        /// The person's own session of a lab of the catalogue.
        case lab(String)
        /// The page of the course, with its learners' labs.
        case coursePage
    }

    public var person: Person
    /// What the person is called.
    public var name: String
    /// What the person is in the course.
    public var role: CourseRole
    /// The context of the course that the person comes from; `nil` if the launch names none.
    public var course: String?
    public var target: Target

    public init(person: Person, name: String, role: CourseRole, course: String?, target: Target) {
        self.person = person
        self.name = name
        self.role = role
        self.course = course
        self.target = target
    }

    /// The rights that the launch gives.
    public var claims: Claims {
        Claims(person: person, name: name, courses: course.map { [$0: role] } ?? [:])
    }
}
