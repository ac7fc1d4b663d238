import Foundation
import Glibc

/// Runs child processes through `posix_spawn`, with their output in files: there is no pipe that must be drained, no
/// descriptor that a sibling inherits, and no thread that waits. (Foundation's `Process` crashes where many processes
/// start beside thousands of open descriptors.)
public struct Command: Sendable {
    public struct Output: Sendable {
        /// The exit status, or 128 plus the signal's number.
        public var status: Int32
        public var output: String
        public var error: String
    }

    public var arguments: [String]
    /// The file used as standard input; empty input by default.
    public var input = "/dev/null"

    /// - Parameter arguments: the program, looked up on the PATH if it has no slash, and its arguments.
    public init(_ arguments: [String]) { self.arguments = arguments }

    /// Starts the program; the caller owns the process and must wait for it.
    public func spawn(output: String, error: String, append: Bool = false) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let mode = O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC)
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, mode, 0o600)
        if error == output {
            posix_spawn_file_actions_adddup2(&actions, 1, 2)
        } else {
            posix_spawn_file_actions_addopen(&actions, 2, error, mode, 0o600)
        }
        // This process ignores SIGPIPE, and SIGINT and SIGQUIT too if a script started it in the background; a child
        // must get the default signal dispositions, as from a shell.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for signal in [SIGPIPE, SIGINT, SIGQUIT] { sigaddset(&defaults, signal) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        var pid = pid_t()
        let pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        let code = posix_spawnp(&pid, arguments[0], &actions, &attributes, pointers, environ)
        if code != 0 { throw ProgramError("\(arguments[0]) cannot be started: \(String(cString: strerror(code)))") }
        return pid
    }

    /// Runs the program to completion.
    public func run(within limit: Duration = .seconds(60)) async throws -> Output {
        let stem = FileManager.default.temporaryDirectory.path + "/program-\(UUID().uuidString)"
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
            throw ProgramError("\(arguments.joined(separator: " ")) did not end within \(limit)")
        }
        return Output(status: status, output: Self.text(stem + ".out"), error: Self.text(stem + ".err"))
    }

    /// Runs the program, requires that it succeeds, and returns its standard output.
    @discardableResult
    public func succeed(within limit: Duration = .seconds(60)) async throws -> String {
        let result = try await run(within: limit)
        if result.status != 0 {
            throw ProgramError(
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

/// A program that could not be started, did not end in time, or ended with an error.
public struct ProgramError: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
