import BrokerCore
import Foundation
import GRDB
import Identity
import Literals
import Testing

@testable import Store

/// A state file that a released version wrote while it worked with real labs (`states/single-portal`), as the text that
/// SQLite dumps.
@Suite("A state file of the version that knew one portal only")
struct EarlierStateTests {
    let scratch: ScratchDirectory
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "states/single-portal")

    init() throws {
        scratch = try ScratchDirectory()
        let text = try String(contentsOf: folder.appending(path: "state.sql"), encoding: .utf8)
        let database = try DatabaseQueue(path: scratch.databasePath)
        try database.writeWithoutTransaction { try $0.execute(sql: text) }
        try database.close()
    }

    @Test("opens with every session, in its state")
    func sessions() throws {
        let state = try Store(path: scratch.databasePath).load()
        let live = Dictionary(uniqueKeysWithValues: state.sessions.map { ($0.learner.id, $0) })
        #expect(state.sessions.allSatisfy { $0.learner.portal == "school" })
        #expect(live["ada"]?.state.name == "running")
        #expect(live["Bob K"]?.state.name == "parked")
        #expect(live["dora"]?.state.name == "running")
        #expect(live["rita"]?.state.name == "queued")
        // What is over is read when somebody asks for it.
        #expect(live["carol"] == nil)
    }

    @Test("keeps its reservations, rosters, pools, feeds and what operators set of its host")
    func others() async throws {
        let store = try Store(path: scratch.databasePath)
        let state = try store.load()
        #expect(Set(state.reservations.map(\.id.rawValue)) == ["izy5ybuj", "pzlucznf", "xhmdpjwh", "uu6fabqt"])
        let roster = state.reservations.first { $0.id.rawValue == "izy5ybuj" }?.terms.roster
        #expect(roster?.sorted() == ["eve", "frank"])
        #expect(try await store.feeds(in: .portal("school")).map(\.id) == ["btvsampd"])
        #expect(try await store.feeds(in: .portal("acme")).isEmpty)
    }

    @Test("gives what was learned of a lab to the portal whose sessions it was learned from")
    func profiles() throws {
        let state = try Store(path: scratch.databasePath).load()
        #expect(Array(state.profiles.keys) == [LabKey(portal: "school", name: "python")])
        #expect(state.profiles[LabKey(portal: "school", name: "python")]?.sessions == 1)
    }

    @Test("tells every session's story to the letter")
    func stories() async throws {
        struct Line: Decodable {
            var at: Int64
            var reason: String
        }
        struct Told: Decodable { var story: [Line] }
        let text = try Data(contentsOf: folder.appending(path: "stories.json"))
        let told = try JSONDecoder().decode([String: Told].self, from: text)
        let store = try Store(path: scratch.databasePath)
        #expect(told.count == 11)
        for (id, expected) in told {
            let story = try await store.story(of: SessionID(rawValue: id), in: .portal("school"))
            #expect(story.map(\.at.milliseconds) == expected.story.map(\.at))
            #expect(story.map(\.reason) == expected.story.map(\.reason))
        }
    }

    @Test("is sound after all migrations, and a second opening changes nothing")
    func soundness() throws {
        do {
            let store = try Store(path: scratch.databasePath)
            #expect(try store.pragma("user_version") == "\(Schema.migrations.count)")
            #expect(try store.pragma("integrity_check") == "ok")
            #expect(try store.database.read { try Row.fetchAll($0, sql: "PRAGMA foreign_key_check") }.isEmpty)
        }
        let first = try Store(path: scratch.databasePath).load()
        let second = try Store(path: scratch.databasePath).load()
        #expect(first.sessions == second.sessions)
        #expect(first.profiles == second.profiles)
    }
}
