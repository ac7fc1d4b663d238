/// What an operation is about, as far as rights depend on it. Each resource belongs to one portal, or to all.
public enum Resource: Hashable, Sendable {
    /// A session of its owner, with the course that it was last launched from.
    case session(of: Person, course: String?)
    /// Somebody's visits to the portal.
    case person(Person)
    /// A lab of the catalogue. When it is launched: with the course that the launch names.
    case lab(LabKey, course: String?)
    /// A whole course: what all of it has in common, and the list of its things.
    case course(Course)
    /// A reservation of a portal, for a course or for a roster.
    case reservation(of: PortalID, course: String?)
    /// The pool of a lab.
    case pool(LabKey)
    /// A whole portal: what all of it has in common, and the list of its things.
    case portal(PortalID)
    /// The hosts, which all portals share.
    case host
    /// The broker as a whole, and the things of all portals together.
    case broker

    /// A kind of resource, for the table of `Permissions`.
    public enum Kind: Hashable, Sendable, CaseIterable {
        case session, person, lab, course, reservation, pool, portal, host, broker
    }

    public var kind: Kind {
        switch self {
        case .session: .session
        case .person: .person
        case .lab: .lab
        case .course: .course
        case .reservation: .reservation
        case .pool: .pool
        case .portal: .portal
        case .host: .host
        case .broker: .broker
        }
    }

    /// The portal to which it belongs; `.all` if it belongs to all of them.
    public var scope: Scope {
        switch self {
        case .session(let owner, _), .person(let owner): .portal(owner.portal)
        case .lab(let key, _), .pool(let key): .portal(key.portal)
        case .course(let course): .portal(course.portal)
        case .reservation(let portal, _), .portal(let portal): .portal(portal)
        case .host, .broker: .all
        }
    }

    /// Whose it is, if it is a person's.
    public var owner: Person? {
        switch self {
        case .session(let owner, _), .person(let owner): owner
        case .lab, .course, .reservation, .pool, .portal, .host, .broker: nil
        }
    }

    /// The course to which it belongs, if it belongs to one. It is always a course of the resource's own portal.
    public var course: Course? {
        switch self {
        case .course(let course): course
        case .session(let owner, let context?): Course(portal: owner.portal, context: context)
        case .lab(let key, let context?): Course(portal: key.portal, context: context)
        case .reservation(let portal, let context?): Course(portal: portal, context: context)
        case .session, .person, .lab, .reservation, .pool, .portal, .host, .broker: nil
        }
    }
}
