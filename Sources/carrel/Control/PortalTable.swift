import Portal
import Text

/// The table of portals, for operators.
enum PortalTable {
    static func text(_ portals: [APIPortal]) -> String {
        var table = Table([
            ("PORTAL", .left), ("ORIGIN", .left), ("LABS DOMAIN", .left), ("SESSIONS", .right), ("SEATS", .right),
            ("MEMORY", .right), ("FROM", .left), ("LABS", .left),
        ])
        for portal in portals {
            table.add([
                portal.name.rawValue, portal.origin, portal.labsDomain, of(portal.sessions, portal.sessionsQuota),
                of(portal.seats, portal.seatsQuota),
                SizeText.format(portal.memoryBytes) + (portal.memoryQuotaBytes.map { "/\(SizeText.format($0))" } ?? ""),
                portal.isAdded ? "command" : "configuration", portal.labs.joined(separator: ", "),
            ])
        }
        return table.text()
    }

    private static func of(_ use: Int, _ quota: Int?) -> String { quota.map { "\(use)/\($0)" } ?? "\(use)" }
}
