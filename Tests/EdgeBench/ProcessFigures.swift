import Foundation

/// What the kernel says about a process.
enum ProcessFigures {
    /// Seconds of CPU so far, user and system: fields 14 and 15 of `/proc/PID/stat`.
    static func cpuSeconds(_ pid: Int) throws -> Double {
        let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        // The second field, the program's name in parentheses, may hold spaces.
        guard let end = stat.lastIndex(of: ")") else { throw BenchFailure("/proc/\(pid)/stat cannot be read") }
        let fields = stat[end...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            throw BenchFailure("/proc/\(pid)/stat cannot be read")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Files, sockets and the like that it has open.
    static func descriptors(_ pid: Int) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
    }

    /// Memory in KiB, shared pages counted in parts.
    static func pss(_ pid: Int) throws -> Double {
        let rollup = try String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8)
        for line in rollup.split(separator: "\n") where line.hasPrefix("Pss:") {
            if let value = Double(line.split(separator: " ")[1]) { return value }
        }
        throw BenchFailure("/proc/\(pid)/smaps_rollup has no Pss")
    }
}

struct BenchFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
