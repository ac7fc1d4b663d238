import Foundation

/// CPU time as the kernel counts it (proc(5)), in steps of 10 ms.
extension Bench {
    private static var tick: Duration { .seconds(1) / Int(sysconf(Int32(_SC_CLK_TCK))) }

    /// User and system time of a process and all its threads.
    static func processorTime(of pid: pid_t) throws -> Duration {
        let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        // The process name may contain anything, including a closing parenthesis.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Int(fields[12]), let system = Int(fields[13]) else {
            throw FleetError("/proc/\(pid)/stat is not as it should be: \(text)")
        }
        return tick * (user + system)
    }

    /// The CPU time of all processors, of all processes together.
    static func processorTime() throws -> Duration {
        let text = try String(contentsOfFile: "/proc/stat", encoding: .utf8)
        let fields = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst().compactMap { Int($0) }
        guard fields.count >= 8 else { throw FleetError("/proc/stat is not as it should be: \(text.prefix(200))") }
        // User, nice, system; then idle and iowait, which are not work; interrupts.
        return tick * (fields[0] + fields[1] + fields[2] + fields[5] + fields[6])
    }

    /// The CPU time of everything in the labs' containers.
    static func processorTime(ofLabs fleet: Fleet) async throws -> Duration {
        let instance = try fleet.instance()
        var sum = Duration.zero
        for host in fleet.plan.hosts {
            for container in try await host.engine.containers(instance: instance) where !container.session.isEmpty {
                let table = try await host.engine.docker("top", container.id, "-eo", "pid")
                for pid in table.split(separator: "\n").compactMap({ pid_t($0.trimmingCharacters(in: .whitespaces)) }) {
                    sum += (try? processorTime(of: pid)) ?? .zero
                }
            }
        }
        return sum
    }
}
