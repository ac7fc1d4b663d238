/// Who asks for something. What they may do is decided by `Permissions` alone.
public enum Principal: Hashable, Sendable {
    /// Somebody with a ticket of a portal.
    case person(Claims)
    /// A program.
    case token(APIToken)
    /// Whoever may open the control socket or read the state directory.
    case localOperator

    /// Where the principal can have rights at all.
    public var scope: Scope {
        switch self {
        case .person(let claims): .portal(claims.person.portal)
        case .token(let token): token.scope
        case .localOperator: .all
        }
    }
}

/// What a verified API token stands for: within a portal, a program with an administrator's rights; everywhere, with an
/// operator's; but of these only the rights to the granted operations.
///
/// The secret address of a calendar feed is such a token, too: it is granted `Operation.readFeed` in one portal.
public struct APIToken: Hashable, Sendable {
    public var scope: Scope
    public var granted: Set<Operation>

    public init(scope: Scope, granted: Set<Operation>) {
        self.scope = scope
        self.granted = granted
    }
}
