import EventLoop
import Foundation
import Synchronization
import TLS

/// Measures proxies side by side, in rounds: what each does per second of its own CPU time, what an idle tunnel takes,
/// and how much later an answer comes. `Scripts/bench edge` starts it, with the proxies on another CPU.
///
///     EdgeBench [--only TEXT] [--relay NAME=PORT:PID] CERTIFICATE UPSTREAM-PORT ROUNDS SECONDS NAME=PORT:PID…
///
/// The first target is the one that the bars are for. `--only` measures the rows whose names contain the text. `--relay`
/// names a byte relay without HTTP, the limit of the first target's design: it is measured in the rows where it can do
/// the work, and no bar depends on it. Prints a table; exits with 1 when a bar was missed.
@main
struct EdgeBench {
    /// A bar for work per CPU second: the first target against the best of the others.
    struct Row {
        var name: String
        var unit: String
        var work: Work
        var clients: Int
        var bar: Double
    }

    static let rows = [
        Row(name: "keepalive requests, 1 KB", unit: "req", work: .request, clients: 64, bar: 1.15),
        Row(name: "HTTP/2 requests, 1 KB", unit: "req", work: .http2Request, clients: H2Load.connections, bar: 1.0),
        Row(name: "full handshake + request", unit: "req", work: .handshake, clients: 16, bar: 1.0),
        Row(name: "resumed handshake + request", unit: "req", work: .resumption, clients: 16, bar: 1.0),
        Row(name: "1 MiB downloads", unit: "MiB", work: .download, clients: 8, bar: 1.0),
        Row(name: "1 MiB uploads", unit: "MiB", work: .upload, clients: 8, bar: 1.0),
        Row(name: "WebSocket 128 B round trips", unit: "msg", work: .message, clients: 64, bar: 1.15),
    ]
    static let idleTunnelRow = "idle wss tunnel, KiB PSS"
    static let latencyRow = "added latency, µs (bar: the last one's)"
    static let allocationsRow = "allocations per keepalive request"
    static let idleTunnels = 1000
    static let idleTunnelBar = 16.0
    static let settleSeconds = 4.0
    /// None per request; what timers take now and then does not count.
    static let allocationsBar = 0.01

    let loop = Loop(name: "load")
    let targets: [Target]
    let certificate: String
    let rounds: Int
    let seconds: Double
    let upstream: Target
    let only: String?
    let relay: Target?

    static func main() async {
        do {
            var arguments = Array(CommandLine.arguments.dropFirst())
            if arguments.first == "soak" {
                let soak = try Soak(Array(arguments.dropFirst()))
                let upstream = BenchUpstream()
                try await upstream.listen(port: Int(arguments[2]) ?? 0)
                exit(try await soak.run() ? 0 : 1)
            }
            let only = take("--only", from: &arguments)
            let relay = try take("--relay", from: &arguments).map(Self.target)
            guard arguments.count >= 5, let port = Int(arguments[1]), let rounds = Int(arguments[2]),
                let seconds = Double(arguments[3])
            else {
                throw BenchFailure(
                    "EdgeBench [--only TEXT] [--relay NAME=PORT:PID] CERTIFICATE UPSTREAM-PORT ROUNDS SECONDS "
                        + "NAME=PORT:PID…")
            }
            let server = BenchUpstream()
            try await server.listen(port: port)
            let bench = EdgeBench(
                targets: try arguments[4...].map(Self.target), certificate: arguments[0], rounds: rounds,
                seconds: seconds, upstream: Target(name: "upstream", port: port, pid: 0, isSecure: false), only: only,
                relay: relay)
            let isMet = try await bench.run()
            exit(isMet ? 0 : 1)
        } catch {
            FileHandle.standardError.write(Data("EdgeBench: \(error)\n".utf8))
            exit(2)
        }
    }

    /// Removes an option and its value from the front of the arguments.
    /// - Returns: the value, or nil if the arguments do not start with the option.
    private static func take(_ option: String, from arguments: inout [String]) -> String? {
        guard arguments.count > 1, arguments[0] == option else { return nil }
        defer { arguments.removeFirst(2) }
        return arguments[1]
    }

    private static func target(_ text: String) throws -> Target {
        let parts = text.split { $0 == "=" || $0 == ":" }
        guard parts.count == 3, let port = Int(parts[1]), let pid = Int(parts[2]) else {
            throw BenchFailure("\(text): write NAME=PORT:PID")
        }
        return Target(name: String(parts[0]), port: port, pid: pid)
    }

    private func run() async throws -> Bool {
        let names = targets.map { pad($0.name, 10) }.joined()
        let ofRelay = relay.map { pad($0.name, 18) + pad("\(targets[0].name)/\($0.name)", 12) } ?? ""
        say(
            "\(pad("per CPU second of the proxy (median)", 40, left: true))\(names)\(pad("ratio", 8))\(pad("bar", 8))"
                + ofRelay)
        var isMet = true
        var isChosen = false
        func measured(_ name: String, _ work: () async throws -> Bool) async throws {
            guard only.map({ name.contains($0) }) ?? true else { return }
            isChosen = true
            isMet = try await work() && isMet
        }
        try await measured(Self.idleTunnelRow, measureIdleTunnels)
        for row in Self.rows { try await measured(row.name) { try await measure(row) } }
        try await measured(Self.latencyRow, measureLatency)
        try await measured(Self.allocationsRow, measureAllocations)
        guard isChosen else { throw BenchFailure("no row is named like \(only ?? "")") }
        return isMet
    }

    /// Counts on an edge that was started with `count-allocations.c`, while requests are under way.
    private func measureAllocations() async throws -> Bool {
        guard let place = ProcessInfo.processInfo.environment["EDGE_BENCH_ALLOCATIONS"] else { return true }
        let parts = place.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let port = Int(parts[0]) else { throw BenchFailure("\(place): write PORT:FILE") }
        let counted = Target(name: "counted edge", port: port, pid: 0)
        func sample() throws -> (allocations: UInt64, requests: Int) {
            let data = try Data(contentsOf: URL(fileURLWithPath: String(parts[1])))
            guard data.count >= 8 else { throw BenchFailure("\(parts[1]) holds no count") }
            return (data.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }, Load.total.load(ordering: .relaxed))
        }
        async let outcome = load(counted, .request, clients: 16, seconds: 4, tls(.request))
        try await Task.sleep(for: .seconds(1.5))
        let before = try sample()
        try await Task.sleep(for: .seconds(2))
        let after = try sample()
        _ = try await outcome
        let each = Double(after.allocations - before.allocations) / Double(max(1, after.requests - before.requests))
        let isMet = each < Self.allocationsBar
        say(
            "\(pad(Self.allocationsRow, 40, left: true))\(pad(String(format: "%.4f", each), 10))"
                + "\(pad("", 10 * (targets.count - 1) + 8))\(pad("0", 8))  \(isMet ? "met" : "MISSED")")
        return isMet
    }

    private func tls(_ work: Work) throws -> TLSClientContext {
        try TLSClientContext(trust: .file(certificate), keepsSessions: work == .resumption)
    }

    private func load(
        _ target: Target, _ work: Work, clients: Int, seconds: Double, _ tls: TLSClientContext
    ) async throws -> Load.Outcome {
        if work == .http2Request { return Load.Outcome(count: try await H2Load.run(target, seconds: seconds)) }
        let outcome = await withCheckedContinuation { continuation in
            loop.post {
                Load.run(
                    on: loop, target: target, work: work, tls: tls, clients: clients, seconds: seconds
                ) { continuation.resume(returning: $0) }
            }
        }
        if let failure = outcome.failure { throw BenchFailure("\(target.name): \(failure)") }
        return outcome
    }

    /// The targets, followed by the relay if there is one and it can do the work: it speaks no HTTP/2.
    private func participants(in work: Work) -> [Target] {
        guard let relay, work != .http2Request else { return targets }
        return targets + [relay]
    }

    private func measure(_ row: Row) async throws -> Bool {
        let participants = participants(in: row.work)
        let contexts = try participants.map { _ in try tls(row.work) }
        var rates = participants.map { _ in [Double]() }
        for round in 0...rounds {
            // Whoever comes first in one round comes last in another.
            for place in participants.indices {
                let index = (place + round) % participants.count
                let target = participants[index]
                // The first round only warms up.
                let seconds = round == 0 ? min(0.5, seconds) : seconds
                let before = try ProcessFigures.cpuSeconds(target.pid)
                let outcome = try await load(target, row.work, clients: row.clients, seconds: seconds, contexts[index])
                let spent = try ProcessFigures.cpuSeconds(target.pid) - before
                if round == 0 { continue }
                if row.work == .resumption, outcome.resumed * 10 < outcome.count * 9 {
                    throw BenchFailure("\(target.name) resumed \(outcome.resumed) of \(outcome.count) connections")
                }
                guard spent > 0 else { throw BenchFailure("\(target.name) spent no CPU time: give it more seconds") }
                rates[index].append(Double(outcome.count) / spent)
            }
        }
        // Each other one is compared within the same round; the best of them counts. The relay does not count.
        let ratios = rates.map { other in median(zip(rates[0], other).map { $0 / $1 }) }
        let worst = ratios[1..<targets.count].min() ?? 1
        return report(
            row: "\(row.name), \(row.unit)", rates.map(median), ratio: worst, bar: row.bar, worst >= row.bar,
            ofRelay: ratios.dropFirst(targets.count).first)
    }

    private func measureIdleTunnels() async throws -> Bool {
        var figures: [Double] = []
        for target in participants(in: .idleTunnel) {
            _ = try await load(target, .request, clients: 8, seconds: 0.5, tls(.request))
            let before = try ProcessFigures.pss(target.pid)
            let context = try tls(.idleTunnel)
            let tunnels = Mutex<Load?>(nil)
            let outcome = await withCheckedContinuation { continuation in
                loop.post {
                    let load = Load.run(
                        on: loop, target: target, work: .idleTunnel, tls: context, clients: Self.idleTunnels,
                        seconds: 30, enough: Self.idleTunnels
                    ) { continuation.resume(returning: $0) }
                    tunnels.withLock { $0 = load }
                }
            }
            guard outcome.count >= Self.idleTunnels else {
                throw BenchFailure("\(target.name) opened \(outcome.count) tunnels: \(outcome.failure ?? "too slow")")
            }
            try await Task.sleep(for: .seconds(Self.settleSeconds))
            figures.append((try ProcessFigures.pss(target.pid) - before) / Double(Self.idleTunnels))
            // Tunnels left open would take their share of descriptors from what is measured next: HAProxy keeps no
            // idle connection to the upstream once a quarter of its descriptors are in use.
            if let load = tunnels.withLock({ $0 }) {
                await withCheckedContinuation { closed in loop.post { load.close { closed.resume() } } }
            }
        }
        let best = figures[1..<targets.count].min() ?? figures[0]
        return report(
            row: Self.idleTunnelRow, figures, ratio: figures[0] / best, bar: Self.idleTunnelBar,
            figures[0] <= Self.idleTunnelBar, isAbsolute: true,
            ofRelay: figures.dropFirst(targets.count).first.map { figures[0] / $0 })
    }

    private func measureLatency() async throws -> Bool {
        var added = targets.map { _ in [Double]() }
        for _ in 0..<rounds {
            let direct = try await load(upstream, .request, clients: 1, seconds: 0.5, tls(.request)).latency
            for (index, target) in targets.enumerated() {
                let through = try await load(target, .request, clients: 1, seconds: 0.5, tls(.request)).latency
                added[index].append(Double((through - direct).nanoseconds) / 1000)
            }
        }
        let figures = added.map(median)
        let bar = figures.last ?? 0
        return report(
            row: Self.latencyRow, figures, ratio: figures[0] / bar, bar: bar,
            figures[0] <= bar, isAbsolute: true)
    }

    // MARK: The table

    /// At once, not when a buffer is full.
    private func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    /// - Parameters:
    ///   - values: the figures of the targets, followed by the relay's if it was measured.
    ///   - ofRelay: the first target's figure divided by the relay's, if it was measured.
    private func report(
        row: String, _ values: [Double], ratio: Double, bar: Double, _ isMet: Bool, isAbsolute: Bool = false,
        ofRelay: Double? = nil
    ) -> Bool {
        let numbers = values.map { pad(String(format: $0 < 100 ? "%.1f" : "%.0f", $0), 10) }
        let limit = isAbsolute ? String(format: "≤ %.0f", bar) : String(format: "≥ %.2f", bar)
        var end = isMet ? "met" : "MISSED"
        if let ofRelay {
            end = pad(end, 6, left: true) + numbers[targets.count] + pad(String(format: "%.2f", ofRelay), 12)
        }
        say(
            "\(pad(row, 40, left: true))\(numbers.prefix(targets.count).joined())"
                + "\(pad(String(format: "%.2f", ratio), 8))\(pad(limit, 8))  \(end)")
        return isMet
    }

    private func pad(_ text: String, _ width: Int, left: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return left ? text + space : space + text
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
