/// What somebody is in a course, the least first. The order compares roles of one course only, and gives no right by
/// itself: `Permissions` has the table.
public enum CourseRole: String, Hashable, Sendable, CaseIterable, Comparable {
    case learner, assistant, instructor

    public static func < (lesser: CourseRole, greater: CourseRole) -> Bool { lesser.rank < greater.rank }

    private var rank: Int {
        switch self {
        case .learner: 0
        case .assistant: 1
        case .instructor: 2
        }
    }
}

/// What somebody is in a whole portal. No portal can make somebody an operator of the broker.
public enum PortalRole: Hashable, Sendable {
    /// Everybody who has signed in.
    case member
    case administrator
}

/// A person and the roles that they have at this moment, in several courses at once.
public struct Claims: Hashable, Sendable {
    public var person: Person
    /// What the person is called, on pages and in stories; `nil` if their platform does not say. It identifies nobody.
    public var name: String?
    /// The roles by course, each by its context in the person's portal.
    public var courses: [String: CourseRole]
    public var portalRole: PortalRole

    public init(
        person: Person, name: String? = nil, courses: [String: CourseRole] = [:], portalRole: PortalRole = .member
    ) {
        self.person = person
        self.name = name
        self.courses = courses
        self.portalRole = portalRole
    }

    /// The role in a course; `nil` if the person has none there, as in every course of another portal.
    public func role(in course: Course) -> CourseRole? {
        course.portal == person.portal ? courses[course.context] : nil
    }
}
