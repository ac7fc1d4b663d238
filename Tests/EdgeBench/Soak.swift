import EventLoop
import Foundation
import HTTPTransport
import TLS

/// Shows that an edge gives back what it takes: a million requests and fifty thousand tunnels later it has the memory and
/// the descriptors of before, gigabytes pass at a slow peer's pace through little memory, and among a hundred thousand
/// routes one changes at once. `Scripts/bench soak` starts it.
///
///     EdgeBench soak CERTIFICATE UPSTREAM-PORT EDGE-PORT PID ADMIN-SOCKET REQUESTS TUNNELS GIBIBYTES
///
/// Prints a table; exits with 1 when a bar was missed.
struct Soak {
    static let clients = 64
    /// A fifth of the whole is done before anything is measured: an allocator takes that long to find its size.
    static let warmUp = 5
    /// KiB by which an allocator may differ from itself.
    static let growthBar = 1024.0
    /// KiB: what one transfer may hold on its way, with all that it passes.
    static let transferBar = 4096.0
    static let routeChanges = 2000
    static let routeBar = 1.0
    /// Seconds: longer than unused connections to upstreams are kept.
    static let settleSeconds = 60
    static let sampleInterval = Duration.milliseconds(100)

    let loop = Loop(name: "soak")
    let tls: TLSClientContext
    let edge: Target
    let admin: String
    let requests: Int
    let tunnels: Int
    let bytes: Int

    init(_ arguments: [String]) throws {
        guard arguments.count == 8, let port = Int(arguments[2]), let pid = Int(arguments[3]),
            let requests = Int(arguments[5]), let tunnels = Int(arguments[6]), let gibibytes = Int(arguments[7])
        else {
            throw BenchFailure(
                "EdgeBench soak CERTIFICATE UPSTREAM-PORT EDGE-PORT PID ADMIN-SOCKET REQUESTS TUNNELS GIBIBYTES")
        }
        tls = try TLSClientContext(trust: .file(arguments[0]), keepsSessions: true)
        edge = Target(name: "edge", port: port, pid: pid)
        admin = arguments[4]
        self.requests = requests
        self.tunnels = tunnels
        bytes = gibibytes << 30
    }

    func run() async throws -> Bool {
        _ = try await run(.requests, requests / Self.warmUp)
        _ = try await run(.tunnels, tunnels / Self.warmUp)
        let descriptors = try await settledDescriptors(atMost: 0)
        let before = try ProcessFigures.pss(edge.pid)
        var isMet = try await measure("\(requests) requests, s", .requests, requests)
        isMet = try await measure("\(tunnels) tunnels opened and closed, s", .tunnels, tunnels) && isMet
        let after = try await settledDescriptors(atMost: descriptors)
        let growth = try ProcessFigures.pss(edge.pid) - before
        isMet = row("descriptors more than before", Double(after - descriptors), bar: 0) && isMet
        isMet = row("memory more than before, KiB PSS", growth, bar: Self.growthBar) && isMet
        isMet = try await measureTransfer("download", .download) && isMet
        isMet = try await measureTransfer("upload", .upload) && isMet
        return try await measureRoutes() && isMet
    }

    /// - Returns: seconds.
    private func run(_ work: SoakWork, _ count: Int) async throws -> Double {
        let began = MonotonicTime.current()
        let failure: String? = await withCheckedContinuation { continuation in
            loop.post {
                SoakRun.start(work, count, at: edge, tls: tls, on: loop) { continuation.resume(returning: $0) }
            }
        }
        if let failure { throw BenchFailure(failure) }
        return Double((MonotonicTime.current() - began).nanoseconds) / 1e9
    }

    private func measure(_ name: String, _ work: SoakWork, _ count: Int) async throws -> Bool {
        row(name, try await run(work, count), bar: nil)
    }

    /// Until there are no more than so many, or the time is over: upstreams' connections are kept for a while.
    private func settledDescriptors(atMost wanted: Int) async throws -> Int {
        var count = try ProcessFigures.descriptors(edge.pid)
        for _ in 0..<Self.settleSeconds where count > wanted {
            try await Task.sleep(for: .seconds(1))
            count = try ProcessFigures.descriptors(edge.pid)
        }
        return count
    }

    private func measureTransfer(_ name: String, _ direction: SoakWork) async throws -> Bool {
        let before = try ProcessFigures.pss(edge.pid)
        let pid = edge.pid
        let peak = Task {
            var peak = before
            while !Task.isCancelled {
                peak = max(peak, try ProcessFigures.pss(pid))
                try? await Task.sleep(for: Self.sampleInterval)
            }
            return peak
        }
        let seconds = try await run(direction, bytes)
        peak.cancel()
        _ = row("\(bytes >> 30) GiB \(name) at a slow peer's pace, s", seconds, bar: nil)
        return row("peak of memory on the way, KiB PSS", try await peak.value - before, bar: Self.transferBar)
    }

    /// From the request on the admin socket to its answer, which comes when every loop has made the change.
    @ControlLoop private func measureRoutes() async throws -> Bool {
        let client = HTTPClient()
        defer { client.close() }
        var times: [Double] = []
        for number in 0..<Self.routeChanges {
            let request = HTTPClientRequest(
                method: "PUT", target: "/routes/r\(number % 1000).bench.test", authority: "edge",
                body: Array("http://127.0.0.1:\(1 + number % 60_000)".utf8))
            let began = MonotonicTime.current()
            let response = try await client.send(
                request, to: .unix(path: admin), timeout: .seconds(10), bodyLimit: 1024)
            times.append(Double((MonotonicTime.current() - began).nanoseconds) / 1e6)
            guard response.status == 200 else { throw BenchFailure("a route was answered \(response.status)") }
        }
        times.sort()
        _ = row("a route changes in every loop, ms (99th of 100)", times[times.count * 99 / 100], bar: nil)
        return row("a route changes in every loop, ms (median)", times[times.count / 2], bar: Self.routeBar)
    }

    // MARK: The table

    private func row(_ name: String, _ value: Double, bar: Double?) -> Bool {
        let isMet = bar.map { value <= $0 } ?? true
        let verdict = bar.map { String(format: "≤ %.0f  ", $0) + (isMet ? "met" : "MISSED") } ?? ""
        let space = String(repeating: " ", count: max(0, 52 - name.count))
        let line = "\(name)\(space)\(String(format: abs(value) < 100 ? "%10.2f" : "%10.0f", value))  \(verdict)\n"
        FileHandle.standardOutput.write(Data(line.utf8))
        return isMet
    }
}
