/// What a query may see. No parameter of this type has a default, so that forgetting it is a compile error.
public enum Scope: Hashable, Sendable {
    /// What belongs to one portal.
    case portal(PortalID)
    /// Everything: for the operator, and for the broker's own decisions.
    case all

    /// Whether what belongs to a portal may be seen.
    public func admits(_ portal: PortalID) -> Bool {
        switch self {
        case .portal(let own): own == portal
        case .all: true
        }
    }

    /// The one portal that may be seen; `nil` for all.
    public var portal: PortalID? {
        switch self {
        case .portal(let own): own
        case .all: nil
        }
    }
}
