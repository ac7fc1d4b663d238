import GRDB
import Identity

/// A scope as a part of a query on a table with the column `portal`.
extension Scope {
    /// To be appended to the conditions; it has one placeholder for each of `arguments`.
    var condition: String {
        switch self {
        case .portal: " AND portal = ?"
        case .all: ""
        }
    }

    var arguments: StatementArguments {
        switch self {
        case .portal(let portal): [portal.rawValue]
        case .all: []
        }
    }
}
