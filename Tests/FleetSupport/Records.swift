import Foundation

/// A session as reported by the API and `--json`; only the fields that tests check.
struct SessionRecord: Decodable, Sendable {
    struct Use: Decodable, Sendable {
        var memoryBytes: Int64
        var peakMemoryBytes: Int64
        var cpus: Double?
    }

    var id: String
    var learner: String
    var lab: String
    var state: String
    var step: String?
    var queuePosition: Int?
    var host: String?
    var epoch: Int
    var hostname: String
    var url: String
    var reason: String?
    var createdAt: Int64
    var since: Int64
    var lastActivityAt: Int64
    var idleEndsAt: Int64?
    var extendedSeconds: Int?
    var chargeBytes: Int64?
    var use: Use?
}

/// The usage profile of a lab.
struct ProfileRecord: Decodable, Sendable {
    var sessions: Int
    var memoryP50Bytes: Int64?
    var memoryP95Bytes: Int64?
    var cpuP95: Double?
    var chargeBytes: Int64
}

struct StoryRecord: Decodable, Sendable, CustomStringConvertible {
    var at: Int64
    var epoch: Int
    var state: String
    var host: String?
    var reason: String

    var description: String { "\(state)@\(host ?? "-")#\(epoch): \(reason)" }
}

struct HostRecord: Decodable, Sendable {
    struct Use: Decodable, Sendable {
        var policy: String
        var askedBytes: Int64
        var usedBytes: Int64?
        var safeBytes: Int64
    }

    var name: String
    var state: String
    var reason: String?
    var sessions: Int
    var starting: Int
    var slots: Int
    var density: Double
    var use: Use
    /// Unclaimed warm seats; nil if there are none.
    var warm: Int?
    /// `proved` if labs are isolated, or the finding instead.
    var network: String?
}

struct PoolRecord: Decodable, Sendable {
    var lab: String
    var minimum: Int
    var maximum: Int
    var wanted: Int
    var ready: Int
    var starting: Int
    var hosts: [String: Int]
    var reason: String?
}

/// A session with all its events.
struct SessionStory: Decodable, Sendable {
    var session: SessionRecord
    var story: [StoryRecord]
}
