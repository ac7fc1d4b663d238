import BrokerCore
import EventLoop
import Metrics

/// The broker's counters since it started. Confined to the control loop by its owner.
struct BrokerMetrics {
    var launches: UInt64 = 0
    var refusedLaunches: UInt64 = 0
    var startFailures: UInt64 = 0
    /// The time from seat to ready.
    var starts = Histogram.starts
    var commits = Histogram.commits
    var commitFailures: UInt64 = 0
    var warmClaims: UInt64 = 0
    /// Readings of labs' use, and rounds that a slow engine cut short.
    var samples: UInt64 = 0
    var failedRounds: UInt64 = 0
}

/// The starts that ended in one step; they are counted once the step is on disk.
struct StepStarts {
    private(set) var durations: [Duration] = []
    private(set) var failures = 0

    /// - Parameters:
    ///   - before, after: the states of the event's session before and after it.
    mutating func note(_ event: Event, before: SessionState?, after: SessionState?) {
        switch (event, before, after) {
        case (.labReady, .starting(_, _, let since)?, .running(_, _, let ready)?): durations.append(ready - since)
        case (.startFailed, .starting?, _): failures += 1
        default: break
        }
    }
}

extension BrokerMetrics {
    mutating func count(_ step: StepStarts) {
        startFailures += UInt64(step.failures)
        for duration in step.durations { starts.observe(nanoseconds: duration.wholeMilliseconds * 1_000_000) }
    }
}

extension Broker {
    /// Writes the broker's metrics: its counters and its current state.
    public func writeMetrics(to text: inout MetricsText) {
        writeSessions(to: &text)
        writeHosts(to: &text)
        writePools(to: &text)
        writeUse(to: &text)
        writeCertificates(to: &text)
        text.begin("carrel_launches_total", .counter, "Launches that people asked for, by result.")
        text.add(["result": "accepted"], metrics.launches)
        text.add(["result": "refused"], metrics.refusedLaunches)
        text.begin("carrel_start_failures_total", .counter, "Starts of labs that failed; a launch may try again.")
        text.add([:], metrics.startFailures)
        text.begin("carrel_start_seconds", .histogram, "From a session's seat to its lab's first answer.")
        text.add([:], metrics.starts)
        text.begin("carrel_store_commit_seconds", .histogram, "How long commits to the state file took.")
        text.add([:], metrics.commits)
        text.begin("carrel_store_commit_failures_total", .counter, "Commits that failed; they are tried again.")
        text.add([:], metrics.commitFailures)
    }

    /// For engines with TLS: the expiry of the engine's certificate and of ours.
    private func writeCertificates(to text: inout MetricsText) {
        text.begin(
            "carrel_host_certificate_expiry_timestamp_seconds", .gauge,
            "When a certificate between the broker and a host expires, in seconds since 1970; owner: engine, or broker."
        )
        for (name, driver) in hostDrivers.sorted(by: { $0.key < $1.key }) {
            if let end = driver.engine.certificateExpiry {
                text.add(["host": name, "owner": "engine"], UInt64(max(0, end)))
            }
            if let end = driver.engine.ownCertificateExpiry {
                text.add(["host": name, "owner": "broker"], UInt64(max(0, end)))
            }
        }
    }

    private func writeSessions(to text: inout MetricsText) {
        // States without sessions are reported too.
        var states: [String: Int] = [:]
        for state in SessionState.Name.allCases where state.isLive { states[state.rawValue] = 0 }
        var oldest: Timestamp?
        for session in core.sessions {
            states[session.state.name, default: 0] += 1
            if case .queued(let since) = session.state { oldest = min(oldest ?? since, since) }
        }
        text.begin("carrel_sessions", .gauge, "Sessions that are not over, by state.")
        for (state, count) in states.sorted(by: { $0.key < $1.key }) { text.add(["state": state], count) }
        text.add("carrel_queue_length", .gauge, "Sessions that wait for a seat.", Double(core.queueLength))
        let wait = oldest.map { max(0, (now - $0).wholeMilliseconds) } ?? 0
        text.add(
            "carrel_queue_oldest_wait_seconds", .gauge, "How long the first in the queue has waited.",
            Double(wait) / 1000)
    }

    private func writePools(to text: inout MetricsText) {
        let pools = core.poolStatuses(at: now)
        text.begin("carrel_pool_seats", .gauge, "Unclaimed warm seats of each pool: wanted, starting and ready.")
        for pool in pools {
            for (state, count) in [("ready", pool.ready), ("starting", pool.starting), ("wanted", pool.wanted)] {
                text.add(["portal": pool.key.portal.rawValue, "lab": pool.key.name, "state": state], count)
            }
        }
        text.add(
            "carrel_warm_seats", .gauge, "Warm seats that nobody has claimed, of pools and reservations.",
            Double(core.warmSeats.count))
        text.begin("carrel_warm_claims_total", .counter, "Launches that were given a warm seat.")
        text.add([:], metrics.warmClaims)
    }

    private func writeHosts(to text: inout MetricsText) {
        let hosts = core.hostStatuses
        text.begin("carrel_hosts", .gauge, "Hosts by state.")
        for state in HostState.allCases {
            text.add(["state": state.rawValue], hosts.count { $0.state == state })
        }
        text.begin("carrel_host_seats", .gauge, "Seats of each host: taken, and in all.")
        for host in hosts {
            text.add(["host": host.name, "kind": "taken"], host.seats)
            text.add(["host": host.name, "kind": "all"], host.slots)
        }
        text.begin("carrel_host_memory_bytes", .gauge, "Memory of each host for labs: taken, and in all.")
        for host in hosts {
            text.add(["host": host.name, "kind": "taken"], Int(host.memoryUsedBytes))
            text.add(["host": host.name, "kind": "all"], Int(host.memoryLimitBytes))
        }
        text.begin("carrel_host_density", .gauge, "The greater of a host's shares of slots and memory that are taken.")
        for host in hosts { text.add(["host": host.name], host.density) }
    }
}
