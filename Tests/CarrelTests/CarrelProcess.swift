import Foundation
import Synchronization
import Testing

/// The built `carrel`, run as operators run it.
final class CarrelProcess: Sendable {
    private let process: Mutex<Process>
    /// A file and not a pipe: a pipe's end is heard late, or not at all, where many processes start at once.
    private let file = FileManager.default.temporaryDirectory.path + "/carrel-output-\(UUID().uuidString)"

    /// Beside the test bundle that is running.
    private static var binary: URL {
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("carrel")
    }

    convenience init(_ arguments: String...) throws { try self.init(arguments) }

    init(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = Self.binary
        process.arguments = arguments
        guard FileManager.default.createFile(atPath: file, contents: nil),
            let written = FileHandle(forWritingAtPath: file)
        else { throw CarrelProcessError(description: "cannot write \(file)") }
        process.standardError = written
        process.standardOutput = written
        self.process = Mutex(process)
        try process.run()
    }

    deinit {
        process.withLock { if $0.isRunning { kill($0.processIdentifier, SIGKILL) } }
        unlink(file)
    }

    /// What it has written so far; all of it, once it has ended.
    var output: String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }

    var id: Int32 { process.withLock { $0.processIdentifier } }

    func signal(_ signal: Int32) { kill(id, signal) }

    /// Waits until the output contains a text.
    func expect(_ text: String, within limit: Duration = .seconds(30)) async throws {
        try await Self.wait(limit, "\"\(text)\" in:\n\(output)") { self.output.contains(text) }
    }

    /// Waits for the end, and gives the exit code.
    func end(within limit: Duration = .seconds(30)) async throws -> Int32 {
        try await Self.wait(limit, "the end of carrel, which said:\n\(output)") {
            !self.process.withLock(\.isRunning)
        }
        return process.withLock(\.terminationStatus)
    }

    private static func wait(
        _ limit: Duration, _ what: @autoclosure () -> String, until condition: () -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while !condition() {
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
