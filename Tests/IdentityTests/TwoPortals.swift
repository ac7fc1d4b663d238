import Identity
import Literals

/// Somebody of one of two portals, with a role in that portal's course 101 or in the portal itself.
struct Somebody {
    /// The columns of the expected table, from the third on.
    enum Standing: Int, CaseIterable {
        case member, learner, assistant, instructor, administrator
    }

    var standing: Standing
    var claims: Claims

    init(_ standing: Standing, of portal: PortalID) {
        self.standing = standing
        claims = Claims(person: Person(portal: portal, issuer: "https://platform.example", subject: "\(standing)"))
        switch standing {
        case .member: break
        case .learner: claims.courses["101"] = .learner
        case .assistant: claims.courses["101"] = .assistant
        case .instructor: claims.courses["101"] = .instructor
        case .administrator: claims.portalRole = .administrator
        }
    }
}

/// Everybody and everything of two portals that have the same people, courses and labs by name.
enum TwoPortals {
    static let portals: [PortalID] = ["acme", "school"]
    static let people = portals.flatMap { portal in Somebody.Standing.allCases.map { Somebody($0, of: portal) } }
    static let contexts: [String?] = [nil, "101", "202"]

    /// The things of one portal, of every kind.
    static func resources(of portal: PortalID) -> [Resource] {
        let owners = people.map(\.claims.person).filter { $0.portal == portal }
        let lab = LabKey(portal: portal, name: "python")
        return owners.flatMap { owner in
            [.person(owner)] + contexts.map { .session(of: owner, course: $0) }
        }
            + contexts.map { .lab(lab, course: $0) } + contexts.map { .reservation(of: portal, course: $0) }
            + ["101", "202"].map { .course(Course(portal: portal, context: $0)) } + [.pool(lab), .portal(portal)]
    }

    static let shared: [Resource] = [.host, .broker]
    static let resources = portals.flatMap(resources(of:)) + shared

    static func token(_ scope: Scope, _ granted: [Operation] = Operation.allCases) -> Principal {
        .token(APIToken(scope: scope, granted: Set(granted)))
    }

    static let programs = portals.map { token(.portal($0)) }
    static let operators = [.localOperator, token(.all)]
    static let principals = people.map { .person($0.claims) } + programs + operators
}
