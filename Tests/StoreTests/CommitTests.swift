import BrokerCore
import Foundation
import GRDB
import Testing
import Words

@testable import Store

@Suite("Committing and loading")
struct CommitTests {
    let scratch: ScratchDirectory
    let store: Store

    init() throws {
        scratch = try ScratchDirectory()
        store = try Store(path: scratch.databasePath)
    }

    private func reopened() throws -> Store {
        try store.close()
        return try Store(path: scratch.databasePath)
    }

    @Test(
        "A session in any state comes back as it went in",
        arguments: everyState + [.failed(.told("It stopped."), fault: .lab, at: at(6))])
    func roundTrip(state: SessionState) async throws {
        let original = session("abc", state)
        try await store.commit([.session(original), .story(story("abc", "queued", at: at(1)))])
        #expect(try await reopened().session(original.id, in: .all) == original)
    }

    @Test("How long a session stays comes back too, from every source of activity", arguments: ActivitySource.allCases)
    func stay(source: ActivitySource) async throws {
        var original = session("abc", everyState[1])
        original.stay = Stay(
            source: source, keeps: 3, extended: .seconds(7200), notIdleBefore: at(99), seatUntil: at(120),
            extendedBy: "the operator ada", announcedEnd: AnnouncedEnd(at: at(120), note: "The room closes"))
        try await store.commit([.session(original)])
        #expect(try await reopened().session(original.id, in: .all) == original)
    }

    @Test("An earlier time of activity replaces a later one: the clock by which that was written was set back since")
    func earlierActivity() async throws {
        let ahead = session("abc", everyState[1], lastActivity: at(90_000))
        var back = session("abc", everyState[1], lastActivity: at(40))
        back.stay.source = .kernel
        try await store.commit([.session(ahead), .session(back)])
        #expect(try await reopened().session(back.id, in: .all) == back)
    }

    @Test("A later change to the same session replaces it, and every pair of states can follow each other")
    func upsert() async throws {
        for first in everyState {
            for second in everyState {
                try await store.commit([.session(session("abc", first)), .session(session("abc", second))])
                #expect(try await store.session(SessionID(rawValue: "abc"), in: .all)?.state == second)
            }
        }
    }

    @Test("Only live sessions are loaded, oldest first, with their grants, the duties and the homes")
    func load() async throws {
        let states = everyState.enumerated()
        let all = states.map { session("s\($0)", $1, created: at(Int64(100 - $0))) }
        let grants = all.map { AccessGrant(session: $0.id, tokenDigest: Self.digest(1), createdAt: at(9)) }
        try await store.commit(
            all.map(Change.session) + [
                .duty(host: "h1", .draining(deadline: at(99))), .duty(host: "h2", .cordoned),
                .duty(host: "h3", .drained), .duty(host: "h1", .active), .duty(host: "h4", .draining(deadline: at(5))),
                .duty(host: "h5", .lost),
                .home(portal: "school", learner: "ada", host: "h1"),
                .home(portal: "school", learner: "ada", host: "h2"),
            ], grants: grants)
        let state = try reopened().load()
        let live = all.filter {
            switch $0.state {
            case .queued, .starting, .running, .ending, .parking, .parked: true
            case .ended, .failed: false
            }
        }
        #expect(state.sessions == live.reversed())
        #expect(Set(state.grants.map(\.session)) == Set(live.map(\.id)))
        #expect(
            state.duties == [
                "h1": .active, "h2": .cordoned, "h3": .drained, "h4": .draining(deadline: at(5)), "h5": .lost,
            ])
        #expect(state.homes == [HomeLocation(portal: "school", learner: "ada", host: "h2")])
    }

    @Test("A story is kept in order, also when its first line comes before its session in the same commit")
    func storyOrder() async throws {
        let lines = (1...5).map { story("abc", "note", at: at(10 - $0), reason: "line \($0)") }
        try await store.commit(lines.map(Change.story) + [.session(session("abc", .queued(since: at(1))))])
        #expect(try await store.story(of: SessionID(rawValue: "abc"), in: .all) == lines.map { StoryEntry($0) })
        #expect(try await store.story(of: SessionID(rawValue: "ab"), in: .all).isEmpty)
    }

    @Test("A change that breaks a rule is refused as a defect, and nothing of its commit is written")
    func invalidChange() async throws {
        let good = session("good", .queued(since: at(1)))
        let orphan = story("nobody", "queued", at: at(1))
        let error = await #expect(throws: StoreError.self) {
            try await store.commit([.session(good), .story(orphan)])
        }
        #expect(error?.code == .invalid)
        #expect(error?.isTransient == false)
        #expect(try await store.session(good.id, in: .all) == nil)
    }

    @Test("An ended session is still found under the host of its last run")
    func lastHost() async throws {
        let id = SessionID(rawValue: "abc")
        try await store.commit([.session(session("abc", everyState[1]))])
        try await store.commit([.session(session("abc", .ended(reason: .learnerEnded, at: at(9))))])
        #expect(try await store.sessions(SessionQuery(state: "ended", host: "h1"), in: .all).map(\.id) == [id])
        try await store.commit([.session(session("abc", .queued(since: at(10))))])
        #expect(try await store.sessions(SessionQuery(host: "h1"), in: .all).isEmpty)
    }

    @Test("A session keeps its sixteen newest grants; granting one again makes it the newest")
    func grantLimit() async throws {
        let a = session("a", .queued(since: at(1)))
        let b = session("b", .queued(since: at(1)))
        try await store.commit(
            [.session(a), .session(b)],
            grants: [AccessGrant(session: b.id, tokenDigest: Self.digest(0), createdAt: at(1))])
        for number in [0, 1] + Array(2...16) + [1, 17] {
            try await store.commit(
                [], grants: [AccessGrant(session: a.id, tokenDigest: Self.digest(number), createdAt: at(5))])
        }
        let kept = try await store.grants(of: a.id, in: .all).map { Int($0.tokenDigest[0]) }
        #expect(kept == Array(3...16) + [1, 17])
        #expect(kept.count == StoreLimits.grantsPerSession)
        #expect(try await store.holdsGrant(a.id, tokenDigest: Self.digest(17), in: .all))
        #expect(try await store.holdsGrant(a.id, tokenDigest: Self.digest(2), in: .all) == false)
        #expect(try await store.holdsGrant(b.id, tokenDigest: Self.digest(0), in: .all))
        #expect(try await store.holdsGrant(b.id, tokenDigest: Self.digest(17), in: .all) == false)
    }

    @Test("A commit outlives the cancellation of its task")
    func cancellation() async throws {
        let store = store
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await store.commit([.session(session("abc", .queued(since: at(1))))])
        }
        try await task.value
        #expect(try await store.session(SessionID(rawValue: "abc"), in: .all) != nil)
    }

    @Test("A file that was closed is whole without its log")
    func close() async throws {
        try await store.commit([.session(session("abc", .queued(since: at(1))))])
        try store.close()
        let copy = try ScratchDirectory()
        try FileManager.default.copyItem(atPath: store.path, toPath: copy.databasePath)
        #expect(try await Store(path: copy.databasePath).session(SessionID(rawValue: "abc"), in: .all) != nil)
    }

    static func digest(_ number: Int) -> [UInt8] { [UInt8](repeating: UInt8(number), count: 32) }
}
