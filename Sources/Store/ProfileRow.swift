import BrokerCore
import GRDB

/// Stores the usage profiles of labs in the table `lab_profiles`.
enum ProfileRow {
    static func store(_ profile: UsageProfile, of lab: String, in db: Database) throws {
        try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO lab_profiles (lab, sessions, memory, cpu) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [lab, profile.sessions, profile.memory.text, profile.cpu.text])
    }

    static func fetch(_ db: Database) throws -> [String: UsageProfile] {
        var profiles: [String: UsageProfile] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT lab, sessions, memory, cpu FROM lab_profiles") {
            let lab: String = row[0]
            guard let memory = UsageHistogram(text: row[2]), let cpu = UsageHistogram(text: row[3]) else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the profile of lab \(lab) cannot be read")
            }
            profiles[lab] = UsageProfile(sessions: row[1], memory: memory, cpu: cpu)
        }
        return profiles
    }
}
