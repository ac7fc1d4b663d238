import BrokerCore
import GRDB
import Identity

/// Stores the usage profiles of labs in the table `profiles`.
enum ProfileRow {
    static func store(_ profile: UsageProfile, of lab: LabKey, in db: Database) throws {
        try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO profiles (portal, lab, sessions, memory, cpu) VALUES (?, ?, ?, ?, ?)"
        ).execute(arguments: [lab.portal.rawValue, lab.name, profile.sessions, profile.memory.text, profile.cpu.text])
    }

    static func fetch(_ db: Database) throws -> [LabKey: UsageProfile] {
        var profiles: [LabKey: UsageProfile] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT portal, lab, sessions, memory, cpu FROM profiles") {
            let lab = LabKey(portal: PortalID(rawValue: row[0]), name: row[1])
            guard let memory = UsageHistogram(text: row[3]), let cpu = UsageHistogram(text: row[4]) else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the profile of lab \(lab) cannot be read")
            }
            profiles[lab] = UsageProfile(sessions: row[2], memory: memory, cpu: cpu)
        }
        return profiles
    }
}
