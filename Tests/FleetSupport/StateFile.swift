import Foundation
import GRDB

/// The broker's SQLite file, read from outside.
struct StateFile: Sendable {
    let path: String

    func instance() throws -> String {
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        let instance = try queue.read { try String.fetchOne($0, sql: "SELECT value FROM meta WHERE key = 'instance'") }
        guard let instance else { throw FleetError("\(path) names no instance") }
        return instance
    }

    func execute(_ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
    }

    func text(_ sql: String) throws -> String? {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.writeWithoutTransaction { try String.fetchOne($0, sql: sql) }
    }
}
