import BrokerCore
import Foundation
import Identity
import Literals
import Testing

@testable import Store

@Suite("Stored revocations")
struct RevocationStoreTests {
    let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func person(_ subject: String, of portal: PortalID = "school") -> Person {
        Person(portal: portal, issuer: Person.signedLinks, subject: subject)
    }

    private func running(_ id: String, of learner: Person) -> Change {
        .session(
            Session(
                id: SessionID(rawValue: id), learner: Learner(learner, name: nil), lab: "python", epoch: 1,
                state: .queued(since: at(1)), createdAt: at(1), lastActivityAt: at(1)))
    }

    private func grant(_ session: String, _ number: UInt8, visit: String?) -> AccessGrant {
        AccessGrant(
            session: SessionID(rawValue: session), tokenDigest: [UInt8](repeating: number, count: 32),
            createdAt: at(2), visit: visit)
    }

    /// Two people of the school and a namesake elsewhere, each with keys from two visits.
    private func filled() async throws -> Store {
        let store = try Store(path: scratch.databasePath)
        let people = [("a", person("ada")), ("b", person("bob")), ("c", person("ada", of: "acme"))]
        var grants: [AccessGrant] = []
        for (index, (id, _)) in people.enumerated() {
            grants += [
                grant(id, UInt8(10 * index), visit: "one"), grant(id, UInt8(10 * index + 1), visit: "two"),
                grant(id, UInt8(10 * index + 2), visit: nil),
            ]
        }
        try await store.commit(people.map(running), grants: grants)
        return store
    }

    @Test(
        "take back the keys that the revoked visits gave, and no others",
        arguments: [
            (0, [0], 2), (1, [0, 1, 2], 0), (2, [0, 1, 2, 10, 11, 12], 0),
        ] as [(Int, [UInt8], Int)])
    func grants(target: Int, taken: [UInt8], leftToAda: Int) async throws {
        let store = try await filled()
        let targets: [Revocations.Target] = [
            .visit("one", of: person("ada")), .person(person("ada")), .portal("school"),
        ]
        var revocations = Revocations()
        let record = revocations.revoke(targets[target], at: 1_000)
        let gone = try await store.revoke(record, at: 1_000)
        #expect(gone.compactMap(\.tokenDigest.first).sorted() == taken)
        let kept = try await store.grants(of: SessionID(rawValue: "a"), in: .portal("school"))
        #expect(kept.count == leftToAda)
        #expect(try await store.grants(of: SessionID(rawValue: "c"), in: .portal("acme")).count == 3)
        #expect(try store.load().revocations == revocations)
    }

    @Test("are forgotten when every ticket that they revoke has expired, and their number is not")
    func pruning() async throws {
        let store = try await filled()
        var revocations = Revocations()
        let first = revocations.revoke(.person(person("ada")), at: 1_000)
        _ = try await store.revoke(first, at: 1_000)
        let second = revocations.revoke(.portal("acme"), at: first.until)
        _ = try await store.revoke(second, at: first.until)
        let loaded = try store.load().revocations
        #expect(loaded.records == [second] && loaded.generation == 2)
        revocations.prune(at: first.until)
        #expect(loaded == revocations)
    }

    @Test("One key can be taken back by itself")
    func one() async throws {
        let store = try await filled()
        try await store.take(grant("a", 0, visit: "one"))
        let left = try await store.grants(of: SessionID(rawValue: "a"), in: .portal("school"))
        #expect(left.map(\.tokenDigest.first) == [1, 2])
    }
}
