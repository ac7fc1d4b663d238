import Identity

/// A query of which `portal` says whose things are meant; without it, all portals' are.
struct ScopedQuery {
    var scope = Scope.all
    /// The other fields.
    var rest: [(name: String, value: String)] = []

    init(_ query: [(name: String, value: String)]) throws(APIRefusal) {
        for (name, value) in query {
            guard name == "portal" else {
                rest.append((name, value))
                continue
            }
            if value.isEmpty { throw APIRefusal.empty(name) }
            guard let portal = PortalID(checking: value) else {
                throw APIRefusal.bad(
                    "portal is \"\(value)\"; the name of a portal has lower-case letters, digits and hyphens.")
            }
            scope = .portal(portal)
        }
    }

    /// For addresses that have no other fields.
    static func scope(_ query: [(name: String, value: String)]) throws(APIRefusal) -> Scope {
        let query = try ScopedQuery(query)
        if let (name, _) = query.rest.first {
            throw APIRefusal.bad("There is no field \"\(name)\"; the field is portal.")
        }
        return query.scope
    }
}
