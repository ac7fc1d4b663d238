import Foundation
import Synchronization

/// State files of brokers that have proved network isolation on the test engines, and that know of nothing else. Most
/// tests start from one, like a broker that restarts; the try-out of a new broker would take a third of a short test's
/// time, and has tests of its own. Two fleets never share one.
final class ProvedStates: Sendable {
    static let shared = ProvedStates()

    private let waiting = Mutex<[String: [String]]>([:])
    private static let directory = "/tmp/fleet-proved-\(ProcessInfo.processInfo.processIdentifier)"

    private init() { atexit { try? FileManager.default.removeItem(atPath: ProvedStates.directory) } }

    /// Plans with the same hosts have the same networks and packet filters; nil for plans with further network
    /// settings.
    static func key(_ plan: Plan) -> String? {
        guard !plan.crashes, plan.pools.isEmpty, plan.hosts.allSatisfy({ $0.publishAddress == nil }) else { return nil }
        return plan.hosts.map { "\($0.name)=\($0.engine.publishAddress)" }.joined(separator: ",")
    }

    func take(_ key: String) -> String? { waiting.withLock { $0[key]?.popLast() } }

    func give(_ path: String, _ key: String) { waiting.withLock { $0[key, default: []].append(path) } }

    /// Copies the state file of a broker that has done nothing but prove its hosts.
    func keep(_ database: String) throws -> String {
        try FileManager.default.createDirectory(atPath: Self.directory, withIntermediateDirectories: true)
        let path = "\(Self.directory)/\(UUID().uuidString).db"
        try StateFile(path: database).execute("VACUUM INTO '\(path)'")
        return path
    }
}
