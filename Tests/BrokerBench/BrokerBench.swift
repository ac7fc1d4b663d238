import BrokerCore
import EventLoop
import Foundation
import Store

/// Measures the broker's core and its store at the size of a large school, beside the bars that they must meet.
/// `Scripts/bench broker` starts it twice: the second process finds what the first one left, as after a restart.
///
///     BrokerBench fill DIRECTORY | restart DIRECTORY
///
/// Prints a line for each figure: what, value, unit, bar, verdict, with tabs between them; exits with 1 when a bar was
/// missed.
@main
struct BrokerBench {
    static let hosts = 1000
    static let sessions = 100_000
    static let stormLaunches = 10_000

    static func main() async {
        // As the broker's process has it.
        Heap.giveBackLargePieces()
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            guard arguments.count == 2 else { throw BenchFailure("BrokerBench fill|restart DIRECTORY") }
            let file = arguments[1] + "/state.sqlite"
            var report = Report()
            switch arguments[0] {
            case "fill":
                measurePlacement(&report)
                try await measureStore(file, &report)
            case "restart":
                try await measureRestart(file, &report)
            default:
                throw BenchFailure("\(arguments[0]): say fill or restart")
            }
            exit(report.isMet ? 0 : 1)
        } catch {
            FileHandle.standardError.write(Data("BrokerBench: \(error)\n".utf8))
            exit(2)
        }
    }

    /// The core alone, with the same sessions on few hosts and on many: what a launch costs that finds a seat, and what a seat costs
    /// that becomes free while others wait for it.
    private static func measurePlacement(_ report: inout Report) {
        var atSeats: [Int: Double] = [:]
        for count in [10, 100, hosts] {
            var school = School(hosts: count, sessions: sessions)
            school.fill(sessions: sessions)
            let bar = count == hosts ? 20.0 : nil
            let launch = school.launches(2000)
            atSeats[count] = launch
            report.add("a launch that finds a seat, \(count) hosts", launch, "µs", atMost: bar)
            if count == hosts {
                report.add(
                    "a round of readings of \(sessions / count) labs on one host", school.readings(2000), "µs",
                    atMost: 500)
            }
            report.add(
                "a class of 30 that is given its seats, \(count) hosts", classes(in: school), "µs",
                atMost: count == hosts ? 5000 : nil)
            report.add(
                "a seat given to who waits longest, \(count) hosts", school.seatsFreed(1000), "µs", atMost: bar)
        }
        if let few = atSeats[10], let many = atSeats[hosts] {
            report.add("the same, 1,000 hosts against 10", many / few, "×", atMost: 2)
        }
    }

    /// In a school of their own, which is gone afterwards: what is reserved must not be in the way of what is measured
    /// next, nor a second school that shares tables with the first, which would be copied at its next change.
    @inline(never)
    private static func classes(in school: School) -> Double {
        var reserving = school
        return reserving.reservations(200)
    }

    /// Everybody's sessions on the disk; then launches one by one, and a storm of them.
    private static func measureStore(_ file: String, _ report: inout Report) async throws {
        var house = try House(School(hosts: hosts, sessions: sessions), file: file)
        try await house.fill(sessions: sessions)
        var single: [Double] = []
        for _ in 0..<500 { single.append(try await house.launch()) }
        single.sort()
        report.add("a launch, on the disk, median", single[single.count / 2], "ms", atMost: 1)
        report.add("a launch, on the disk, one in a hundred", single[single.count * 99 / 100], "ms", atMost: nil)
        report.add(
            "\(stormLaunches) launches at once, all acknowledged", try await house.storm(stormLaunches), "s", atMost: 10
        )
        report.add("their labs ready", try await house.readyAll(), "s", atMost: nil)
        try await house.end(allButFirst: sessions)
        try house.store.close()
    }

    private static func measureRestart(_ file: String, _ report: inout Report) async throws {
        let began = ContinuousClock.now
        var house = try House(School(hosts: hosts, sessions: sessions), file: file)
        let running = try await house.restore()
        report.add(
            "a restart, to the routes of \(running) labs", (ContinuousClock.now - began).milliseconds / 1000, "s",
            atMost: 3)
        report.add("memory of core and store after it", try memory("VmRSS"), "MB", atMost: nil)
        report.add("every host listed", try await house.listAll(), "s", atMost: nil)
        report.add("memory of core and store", try memory("VmRSS"), "MB", atMost: 300)
        report.add("memory at the most", try memory("VmHWM"), "MB", atMost: nil)
    }

    /// In MB, from `/proc/self/status`.
    private static func memory(_ field: String) throws -> Double {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        for line in status.split(separator: "\n") where line.hasPrefix(field + ":") {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.count > 1, let kibibytes = Double(words[1]) { return kibibytes * 1024 / 1_000_000 }
        }
        throw BenchFailure("/proc/self/status has no \(field)")
    }
}

struct BenchFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The figures, told as they are found.
struct Report {
    private(set) var isMet = true

    /// - Parameter bar: the greatest value that is good enough; nil where there is none.
    mutating func add(_ what: String, _ value: Double, _ unit: String, atMost bar: Double?) {
        let verdict = bar.map { value <= $0 ? "met" : "MISSED" } ?? ""
        if verdict == "MISSED" { isMet = false }
        let words = [
            what, String(format: value < 10 ? "%.2f" : "%.0f", value), unit,
            bar.map { "≤ " + String(format: "%g", $0) } ?? "", verdict,
        ]
        print(words.joined(separator: "\t"))
        fflush(nil)
    }
}

extension Duration {
    var milliseconds: Double { self / .milliseconds(1) }
}
