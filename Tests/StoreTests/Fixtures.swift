import BrokerCore
import Foundation
import GRDB

@testable import Store

/// A temporary directory for one test, removed with this object.
final class ScratchDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "carrel-store-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var databasePath: String { path + "/carrel.db" }
}

func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

func session(
    _ id: String, _ state: SessionState, learner: String = "ada", lab: String = "python", created: Timestamp = at(1),
    lastActivity: Timestamp = at(1)
) -> Session {
    Session(
        id: SessionID(rawValue: id), learner: Learner(portal: "school", id: learner, name: "Ada <b>\"Löve\"</b>"),
        lab: lab, epoch: 1, state: state, createdAt: created, lastActivityAt: lastActivity, failedAttempts: 2)
}

func story(_ id: String, _ state: String, at time: Timestamp, reason: String = "because") -> StoryLine {
    StoryLine(
        session: SessionID(rawValue: id), at: time, epoch: 1, state: state, host: "h1", reason: .remark(reason))
}

/// A session in every state, and one ended for every reason, including a reason that this version does not know.
let everyState: [SessionState] =
    [
        .queued(since: at(2)),
        .running(host: "h1", endpoint: Endpoint(address: "10.0.0.7", port: 32_768), since: at(4)),
        .ending(host: "h1", reason: .learnerEnded, since: at(5)),
        .failed(.told("The image is missing."), at: at(6)),
    ] + StartStep.allCases.map { .starting(host: "h1", step: $0, since: at(3)) }
    + (everyEndReason + [.unknown(ReasonParts(word: "later", number: 7, text: "said a newer version"))])
    .map { .ended(reason: $0, at: at(7)) }
    + [
        ParkReason.idle(timeoutSeconds: 1800), .operatorParked(note: ""), .operatorParked(note: "exam"),
        .unknown(ReasonParts(word: "later")),
    ].flatMap {
        [.parking(host: "h1", reason: $0, since: at(5)), .parked(reason: $0, since: at(6))]
    }

/// One reason for every code: with exactly its own associated values a code is read as that reason.
let everyEndReason = EndReason.Code.allCases.flatMap { code in
    [(nil, nil), (60, nil), (nil, "h1"), (60, "h1")].map {
        EndReason(ReasonParts(word: code.rawValue, number: $0.0, text: $0.1))
    }
}.filter { if case .unknown = $0 { false } else { true } }

extension Store {
    /// Writes many ended sessions quickly.
    func fill(ended: Int) throws {
        try database.write { db in
            try db.execute(
                sql: """
                    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                    INSERT INTO sessions (id, portal, learner, learner_name, lab, epoch, state, since, host,
                        end_reason, end_number, created_at, last_activity_at, failed_attempts)
                    SELECT printf('e%07d', i), 'school', printf('learner%d', i % 5000), 'N', printf('lab%d', i % 9), 1,
                        'ended', i, printf('h%d', i % 4), 'idle', 60, i, i, 0 FROM n
                    """, arguments: [ended])
        }
    }

    func pragma(_ name: String) throws -> String? {
        try database.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA \(name)") }
    }
}
