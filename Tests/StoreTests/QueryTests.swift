import BrokerCore
import GRDB
import Identity
import Literals
import Testing

@testable import Store

@Suite("Queries")
struct QueryTests {
    let scratch: ScratchDirectory
    let store: Store

    init() throws {
        scratch = try ScratchDirectory()
        store = try Store(path: scratch.databasePath)
    }

    /// Every combination of conditions.
    static let lists: [SessionQuery] = (0..<64).map { bits in
        var query = SessionQuery(
            state: bits & 1 == 0 ? nil : "ended", host: bits & 2 == 0 ? nil : "h1",
            learner: bits & 4 == 0 ? nil : "learner7", lab: bits & 8 == 0 ? nil : "lab3")
        query.course = bits & 16 == 0 ? nil : "101"
        query.isLive = bits & 32 != 0
        return query
    }

    private func plan(_ sql: String, _ arguments: StatementArguments) throws -> [String] {
        try store.database.read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments).map { $0["detail"] }
        }
    }

    @Test("No list of sessions scans the table or sorts it", arguments: lists, [Scope.all, .portal("school")])
    func listPlans(query: SessionQuery, scope: Scope) throws {
        let (sql, arguments) = Query.list(query, in: scope)
        let plan = try plan(sql, arguments)
        #expect(plan.count == 1)
        #expect(plan.allSatisfy { $0.hasPrefix("SEARCH") && $0.contains("USING INDEX") }, "\(plan)")
    }

    @Test(
        "No other question scans a table",
        arguments: [
            (Query.byID, ["a"]), (Query.byPrefix(in: .all), ["a", "b"]),
            (Query.byPrefix(in: .portal("school")), ["a", "b", "school"]), (Query.byOwner, ["p", "l", "x"]),
            (Query.story, ["a", "1"]), (Query.grants, ["a"]), (Query.holdsGrant, ["a", "b"]),
        ])
    func otherPlans(sql: String, arguments: [String]) throws {
        let plan = try plan(sql, StatementArguments(arguments))
        #expect(!plan.contains { $0.contains("SCAN") && !$0.contains("CONSTANT ROW") }, "\(plan)")
        // A session has few grants, so they may be sorted.
        #expect(sql == Query.grants || !plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
    }

    @Test("Loading reads the index of the live sessions only")
    func livePlans() throws {
        #expect(try plan(Query.live, []) == ["SCAN sessions USING INDEX sessions_live"])
        let grants = try plan(Query.liveGrants, [])
        #expect(grants.first?.hasPrefix("SCAN sessions USING") == true)
        #expect(grants.first?.contains("INDEX sessions_live") == true)
        #expect(grants.contains { $0.hasPrefix("SEARCH grants USING INDEX") }, "\(grants)")
    }

    @Test("A file with 1,000 live sessions among 100,000 ended ones is open and loaded in milliseconds")
    func loadingTime() async throws {
        try store.fill(ended: 100_000)
        let live = (0..<1000).map { session("live\($0)", everyState[1], learner: "l\($0)", created: at(Int64($0))) }
        try await store.commit(
            live.map(Change.session),
            grants: live.map { AccessGrant(session: $0.id, tokenDigest: CommitTests.digest(1), createdAt: at(1)) })
        try store.close()
        var state: StoredState?
        let time = try ContinuousClock().measure {
            // Without the check of the whole file, whose duration grows with the file.
            state = try Store(path: scratch.databasePath, checkedBytes: 0).load()
        }
        #expect(state?.sessions.count == 1000)
        #expect(state?.grants.count == 1000)
        // An unoptimised build on a busy machine; a scan of the table takes several times as long.
        #expect(time < .milliseconds(250), "took \(time)")
    }

    @Test("A list is newest first, filtered by everything given, and as long as its limit at most")
    func list() async throws {
        try store.fill(ended: StoreLimits.listLength + 4)
        let all = try await store.sessions(SessionQuery(limit: 100_000), in: .all)
        #expect(all.count == StoreLimits.listLength)
        #expect(all.first?.id.rawValue == "e0010004")
        let some = try await store.sessions(SessionQuery(state: "ended", host: "h1", lab: "lab3"), in: .all)
        #expect(!some.isEmpty && some.allSatisfy { $0.lab == "lab3" })
        #expect(try await store.sessions(SessionQuery(state: "running"), in: .all).isEmpty)
        #expect(try await store.sessions(SessionQuery(limit: -1), in: .all).count == 1)
        let page = try await store.sessions(SessionQuery(host: "h1", limit: 700), in: .all)
        let onHost = (0..<700).map { "e" + String("000000\(10_001 - 4 * $0)".suffix(7)) }
        #expect(page.map(\.id.rawValue) == onHost)
    }

    @Test("A session is found by a unique beginning of its id")
    func prefix() async throws {
        try await store.commit(
            ["abc", "abcd", "abx", "b%c", "b"].map { .session(session($0, .queued(since: at(1)))) })
        func found(_ text: String) async throws -> String {
            switch try await store.session(matching: text, in: .all) {
            case .none: "none"
            case .several: "several"
            case .one(let session): session.id.rawValue
            }
        }
        #expect(try await found("abx") == "abx")
        #expect(try await found("abcd") == "abcd")
        #expect(try await found("abc") == "abc")
        #expect(try await found("ab") == "several")
        #expect(try await found("b") == "b")
        #expect(try await found("b%") == "b%c")
        #expect(try await found("%") == "none")
        #expect(try await found("") == "none")
        #expect(try await found("zz") == "none")
    }

    private func ada(_ portal: PortalID) -> Learner { Learner(portal: portal, id: "ada", name: "Ada") }

    @Test("A learner's newest session for a lab is found, whatever its state")
    func byOwner() async throws {
        try await store.commit([
            .session(session("old", everyState[3], created: at(1))),
            .session(session("new", .ended(reason: .learnerEnded, at: at(9)), created: at(2))),
            .session(session("other-lab", .queued(since: at(1)), lab: "r", created: at(3))),
            .session(session("other", .queued(since: at(1)), learner: "bob", created: at(3))),
        ])
        #expect(try await store.session(of: ada("school"), lab: "python")?.id.rawValue == "new")
        #expect(try await store.session(of: ada("academy"), lab: "academy/python") == nil)
    }
}
