import Foundation
import Glibc

/// Child processes by `posix_spawn`, with their output in files: no pipe that somebody must empty, no descriptor that a
/// neighbour inherits.
struct Command: Sendable {
    struct Output: Sendable {
        var status: Int32
        var output: String
        var error: String
    }

    var arguments: [String]
    var directory: String?

    /// - Parameter arguments: the program, looked up on the PATH if it has no slash, and its arguments.
    init(_ arguments: [String]) { self.arguments = arguments }

    /// Starts the program; the caller owns the process and must wait for it.
    func spawn(output: String, error: String, append: Bool = false) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let mode = O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, mode, 0o600)
        if error == output {
            posix_spawn_file_actions_adddup2(&actions, 1, 2)
        } else {
            posix_spawn_file_actions_addopen(&actions, 2, error, mode, 0o600)
        }
        // This process ignores SIGPIPE; a child must meet the signals as a shell would give them.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        var pid = pid_t()
        let pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        let code = posix_spawnp(&pid, arguments[0], &actions, &attributes, pointers, environ)
        if code != 0 { throw FleetError("\(arguments[0]) cannot be started: \(String(cString: strerror(code)))") }
        return pid
    }

    /// Runs the program to its end.
    func run(within limit: Duration = .seconds(60)) async throws -> Output {
        let stem = FileManager.default.temporaryDirectory.path + "/fleet-\(UUID().uuidString)"
        defer {
            unlink(stem + ".out")
            unlink(stem + ".err")
        }
        let pid = try spawn(output: stem + ".out", error: stem + ".err")
        let status: Int32
        do {
            status = try await ChildExit.wait(pid, within: limit)
        } catch {
            kill(pid, SIGKILL)
            _ = try? await ChildExit.wait(pid, within: .seconds(10))
            throw FleetError("\(arguments.joined(separator: " ")) did not end within \(limit)")
        }
        return Output(status: status, output: Self.text(stem + ".out"), error: Self.text(stem + ".err"))
    }

    /// Runs the program and demands that it succeeds; its standard output.
    @discardableResult
    func succeed(within limit: Duration = .seconds(60)) async throws -> String {
        let result = try await run(within: limit)
        if result.status != 0 {
            throw FleetError(
                "\(arguments.joined(separator: " ")) ended with status \(result.status): \(result.error)\(result.output)"
            )
        }
        return result.output
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}

/// The `environ` of C is a mutable global; it is only read here, and nothing in this process changes it.
private var environ: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> { Glibc.environ }

/// How a child process ended.
enum ChildExit {
    /// The exit status, or 128 plus the signal's number.
    static func wait(_ pid: pid_t, within limit: Duration) async throws -> Int32 {
        try await eventually("process \(pid) ends", within: limit, every: .milliseconds(2)) { try poll(pid) }
    }

    /// The status if the child has ended; it is gone afterwards, so ask no more.
    static func poll(_ pid: pid_t) throws -> Int32? {
        var status: Int32 = 0
        let result = waitpid(pid, &status, WNOHANG)
        if result == 0 { return nil }
        if result < 0 { throw FleetError("process \(pid) is not a child of the tests") }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}
