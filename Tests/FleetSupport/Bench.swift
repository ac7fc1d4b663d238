import BrokerCore
import Foundation
import Identity
import Store

/// The settings of `Scripts/bench`: what it measures, how often, and where the results go.
enum Bench {
    private static let environment = ProcessInfo.processInfo.environment

    static func isChosen(_ name: String) -> Bool {
        environment["CARREL_BENCH"]?.split(separator: " ").contains { $0 == name } == true
    }

    static let clicks = environment["CARREL_BENCH_CLICKS"].flatMap(Int.init) ?? 10

    static let learners = environment["CARREL_BENCH_LEARNERS"].flatMap(Int.init) ?? 30

    /// The 95th percentile.
    static func p95(_ durations: [Duration]) -> Duration {
        let sorted = durations.sorted()
        return sorted.isEmpty ? .zero : sorted[min(sorted.count - 1, sorted.count * 95 / 100)]
    }

    /// Writes one line of the report: what was measured, its unit, and the bar that it must stay below; a value without
    /// a bar is informational.
    static func report(_ what: String, _ value: Double, unit: String, bar: Double?) throws {
        guard let path = environment["CARREL_BENCH_REPORT"] else { return }
        let verdict = bar.map { value < $0 ? "met" : "MISSED" } ?? "-"
        let limit = bar.map { String(format: "< %g", $0) } ?? "-"
        let line = [what, String(format: "%.1f", value), unit, limit, verdict].joined(separator: "\t")
        let earlier = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        try (earlier + line + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }

    static func median(_ durations: [Duration]) -> Duration {
        let sorted = durations.sorted()
        return sorted.isEmpty ? .zero : sorted[sorted.count / 2]
    }

    /// The process's proportional set size (its own memory plus its share of shared memory), in bytes.
    static func proportionalMemory(of pid: pid_t) throws -> Int {
        let rollup = try String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8)
        guard let kibibytes = rollup.firstMatch(of: #/Pss:\s+(\d+) kB/#).flatMap({ Int($0.1) }) else {
            throw FleetError("/proc/\(pid)/smaps_rollup says nothing of Pss")
        }
        return kibibytes * 1024
    }

    /// Adds sessions as a broker stores them, each with a story and a browser that may enter it.
    static func addSessions(_ count: Int, host: String, isLive: Bool, to path: String) async throws {
        let store = try Store(path: path)
        let now = Timestamp(milliseconds: nowMilliseconds())
        var changes: [Change] = []
        var grants: [AccessGrant] = []
        for number in 0..<count {
            let slug = String((0..<26).map { _ in "abcdefghijklmnopqrstuvwxyz234567".randomElement()! })
            let id = SessionID(rawValue: slug)
            let state: SessionState =
                isLive
                ? .running(host: host, endpoint: Endpoint(address: "127.0.0.1", port: 20_000 + number), since: now)
                : .ended(reason: .learnerEnded, at: now)
            changes.append(
                .session(
                    Session(
                        id: id,
                        learner: Learner(
                            portal: PortalID(rawValue: "school"), id: "learner\(number)", name: "Learner \(number)"),
                        lab: "python", epoch: 1, state: state, createdAt: now, lastActivityAt: now)))
            for word in ["queued", "starting", "running"] {
                changes.append(
                    .story(
                        StoryLine(
                            session: id, at: now, epoch: 1, state: word, host: host,
                            reason: .remark("As it was before."))))
            }
            let digest = (0..<32).map { _ in UInt8.random(in: 0...255) }
            grants.append(AccessGrant(session: id, tokenDigest: digest, createdAt: now))
        }
        try await store.commit(changes, grants: grants)
        try store.close()
    }
}
