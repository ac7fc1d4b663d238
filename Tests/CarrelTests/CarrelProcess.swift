import Foundation
import Programs
import Synchronization
import Testing

/// The built `carrel`, run as operators do.
final class CarrelProcess: Sendable {
    let id: pid_t
    /// Its exit status, once it has been observed.
    private let status = Mutex<Int32?>(nil)
    private let file = FileManager.default.temporaryDirectory.path + "/carrel-output-\(UUID().uuidString)"

    /// The binary beside the running test bundle.
    private static var binary: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("carrel").path
    }

    convenience init(_ arguments: String...) throws { try self.init(arguments) }

    /// - Parameter wrapper: a program that executes `carrel`, with its own arguments.
    init(_ arguments: [String], by wrapper: [String] = []) throws {
        id = try Command(wrapper + [Self.binary] + arguments).spawn(output: file, error: file)
    }

    deinit {
        status.withLock {
            if $0 != nil { return }
            kill(id, SIGKILL)
            waitpid(id, nil, 0)
        }
        unlink(file)
    }

    /// Its output so far; complete once it has ended.
    var output: String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }

    /// Sends no signal once it has ended, because its process id may have been reused.
    func signal(_ signal: Int32) { status.withLock { if $0 == nil { kill(id, signal) } } }

    /// Waits until the output contains a text.
    func expect(_ text: String, within limit: Duration = .seconds(30)) async throws {
        try await Self.wait(limit, "\"\(text)\" in:\n\(output)") { self.output.contains(text) }
    }

    /// Waits for the exit, and returns the exit code.
    func end(within limit: Duration = .seconds(30)) async throws -> Int32 {
        try await Self.wait(limit, "the end of carrel, which said:\n\(output)") { try ended() != nil }
        return try #require(try ended())
    }

    private func ended() throws -> Int32? {
        try status.withLock {
            if $0 == nil { $0 = try ChildExit.poll(id) }
            return $0
        }
    }

    private static func wait(
        _ limit: Duration, _ what: @autoclosure () -> String, until condition: () throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while try !condition() {
            guard ContinuousClock.now < deadline else {
                throw CarrelProcessError(description: "waited \(limit) in vain for \(what())")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

struct CarrelProcessError: Error, CustomStringConvertible {
    var description: String
}
