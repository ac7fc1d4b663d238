import BrokerCore
import GRDB
import Identity
import Testing

@testable import Store

@Suite("What was measured, and what seats count for")
struct ProfileStoreTests {
    let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func profile(_ sessions: Int, _ memory: String, _ cpu: String) throws -> UsageProfile {
        UsageProfile(
            sessions: sessions, memory: try #require(UsageHistogram(text: memory)),
            cpu: try #require(UsageHistogram(text: cpu)))
    }

    @Test("Profiles come back as they went in, the later one counting")
    func profiles() async throws {
        let store = try Store(path: scratch.databasePath)
        #expect(try store.load().profiles.isEmpty)
        let python = try profile(7, "80:4096 91:1024", "")
        let rstudio = try profile(1, "100:1024", "3:1024")
        try await store.commit([
            .profile("python", rstudio), .profile("rstudio", rstudio), .profile("python", python),
        ])
        try store.close()
        #expect(try Store(path: scratch.databasePath).load().profiles == ["python": python, "rstudio": rstudio])
    }

    @Test("A damaged profile is reported with the name of its lab")
    func damaged() throws {
        let store = try Store(path: scratch.databasePath)
        try store.database.write { db in
            try db.execute(sql: "INSERT INTO profiles VALUES ('school', 'python', 3, '1:x', '')")
        }
        let error = #expect(throws: StoreError.self) { _ = try store.load() }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("python") == true)
    }

    @Test("What seats count for, and the policy of a host, come back")
    func charges() async throws {
        let store = try Store(path: scratch.databasePath)
        var session = session("a", .starting(host: "h1", step: .creating, since: at(1)))
        session.charge = 300 << 20
        let seat = WarmSeat(
            id: WarmSeatID(number: 4), pool: LabKey(portal: "school", name: "python"), host: "h1", terms: "t",
            state: .starting(since: at(1)), charge: 200 << 20)
        let adjustment = HostAdjustment(policy: .profiled)
        try await store.commit([.session(session), .warm(seat), .hostAdjustment(host: "h1", adjustment)])
        let state = try store.load()
        #expect(state.sessions == [session])
        #expect(state.warm == [seat])
        #expect(state.hosts.adjustments == ["h1": adjustment])
        session.charge = 0
        try await store.commit([.session(session)])
        #expect(try store.load().sessions.first?.charge == 0)
    }

    @Test("A file of before is brought up to date: its seats have no charge written down")
    func olderFile() async throws {
        let path = scratch.databasePath
        let before = Schema.migrations.firstIndex { $0.contains("lab_profiles") }!
        let old = try Store(path: path, migrations: Array(Schema.migrations.prefix(before)))
        try await old.database.write { db in
            try db.execute(
                sql: """
                    INSERT INTO sessions (id, portal, learner, learner_name, lab, epoch, state, since, host, address,
                        port, created_at, last_activity_at, failed_attempts)
                    VALUES ('a', 'school', 'ada', 'Ada', 'python', 1, 'running', 4000, 'h1', '10.0.0.7', 32768, 1000,
                        5000, 0);
                    INSERT INTO host_adjustments VALUES ('h1', 3, NULL, '', '');
                    """)
        }
        try old.close()
        let state = try Store(path: path).load()
        #expect(state.sessions.map(\.charge) == [0])
        #expect(state.hosts.adjustments == ["h1": HostAdjustment(slots: 3)])
        #expect(state.profiles.isEmpty)
    }
}
