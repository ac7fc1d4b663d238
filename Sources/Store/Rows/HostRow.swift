import BrokerCore
import GRDB

/// Stores the hosts that operators added, and their changes to hosts, in the tables `host_entries` and
/// `host_adjustments`.
enum HostRow {
    static func store(_ entry: HostEntry?, of host: String, in db: Database) throws {
        guard let entry else {
            return try db.cachedStatement(sql: "DELETE FROM host_entries WHERE name = ?").execute(arguments: [host])
        }
        let (spec, address) = (entry.spec, entry.address)
        try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO host_entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            host, address.endpoint, address.identity?.authority, address.identity?.certificate, address.identity?.key,
            address.publishAddress, spec.slots, spec.memoryBytes, spec.overcommit, spec.maximumStarts,
            text(spec.labels), entry.isLeaving,
        ])
    }

    static func store(_ adjustment: HostAdjustment?, of host: String, in db: Database) throws {
        guard let adjustment else {
            return try db.cachedStatement(sql: "DELETE FROM host_adjustments WHERE name = ?").execute(arguments: [host])
        }
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO host_adjustments VALUES (?, ?, ?, ?, ?, ?)").execute(
            arguments: [
                host, adjustment.slots, adjustment.memoryBytes, text(adjustment.labels),
                adjustment.removedLabels.sorted().joined(separator: ","), adjustment.policy?.rawValue,
            ])
    }

    /// Stores a finding about a host that has responded. This creates its row even if no operator has ever changed its
    /// duty.
    /// - Parameter column: `engine` or `proof`.
    static func store(_ column: String, _ value: String?, of host: String, in db: Database) throws {
        guard let value else {
            return try db.cachedStatement(sql: "UPDATE hosts SET \(column) = NULL WHERE name = ?").execute(arguments: [
                host
            ])
        }
        try db.cachedStatement(
            sql: """
                INSERT INTO hosts (name, duty, \(column)) VALUES (?, 'active', ?)
                ON CONFLICT (name) DO UPDATE SET \(column) = excluded.\(column)
                """
        ).execute(arguments: [host, value])
    }

    /// Removes everything stored about the host with this name.
    static func forget(_ host: String, in db: Database) throws {
        for table in ["hosts", "host_entries", "host_adjustments"] {
            try db.cachedStatement(sql: "DELETE FROM \(table) WHERE name = ?").execute(arguments: [host])
        }
    }

    static func store(_ drain: RollingDrain?, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM rolling_drain_hosts").execute()
        guard let drain else { return }
        let insert = try db.cachedStatement(sql: "INSERT INTO rolling_drain_hosts VALUES (?, ?, ?, ?, ?)")
        for (turn, member) in drain.members.enumerated() {
            try insert.execute(arguments: [
                turn, member.host, member.phase.rawValue, drain.maximumUnavailable, drain.span.wholeMilliseconds,
            ])
        }
    }

    private static func rollingDrain(_ db: Database) throws -> RollingDrain? {
        let rows = try Row.fetchAll(db, sql: "SELECT * FROM rolling_drain_hosts ORDER BY turn")
        guard let first = rows.first else { return nil }
        let members = try rows.map { row in
            guard let phase = RollingDrain.Phase(rawValue: row["phase"]) else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "rolling drain: a phase is unknown")
            }
            return RollingDrain.Member(host: row["host"], phase: phase)
        }
        return RollingDrain(
            members: members, maximumUnavailable: first["maximum_unavailable"],
            span: .milliseconds(first["span"] as Int64))
    }

    static func fetch(_ db: Database) throws -> StoredHosts {
        var stored = StoredHosts()
        for row in try Row.fetchAll(db, sql: "SELECT * FROM host_entries ORDER BY name") {
            stored.entries.append(entry(row))
        }
        for row in try Row.fetchAll(db, sql: "SELECT * FROM host_adjustments") {
            stored.adjustments[row["name"]] = HostAdjustment(
                slots: row["slots"], memoryBytes: row["memory"], labels: labels(row["labels"]),
                removedLabels: Set((row["removed_labels"] as String).split(separator: ",").map(String.init)),
                policy: (row["policy"] as String?).flatMap { DensityPolicy(rawValue: $0) })
        }
        for row in try Row.fetchAll(db, sql: "SELECT name, engine, proof FROM hosts") {
            stored.engines[row["name"]] = row["engine"]
            stored.proofs[row["name"]] = row["proof"]
        }
        stored.rollingDrain = try rollingDrain(db)
        return stored
    }

    private static func entry(_ row: Row) -> HostEntry {
        var identity: HostAddress.Identity?
        if let authority: String = row["authority"] {
            identity = HostAddress.Identity(authority: authority, certificate: row["certificate"], key: row["key"])
        }
        return HostEntry(
            spec: HostSpec(
                name: row["name"], slots: row["slots"], memoryBytes: row["memory"], overcommit: row["overcommit"],
                maximumStarts: row["maximum_starts"], labels: labels(row["labels"])),
            address: HostAddress(
                endpoint: row["endpoint"], identity: identity, publishAddress: row["publish_address"]),
            isLeaving: row["is_leaving"])
    }

    /// Keys and values contain neither commas nor equals signs (`HostLabel`).
    private static func text(_ labels: [String: String]) -> String {
        labels.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ",")
    }

    private static func labels(_ text: String) -> [String: String] {
        var labels: [String: String] = [:]
        for pair in text.split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { labels[String(parts[0])] = String(parts[1]) }
        }
        return labels
    }
}
