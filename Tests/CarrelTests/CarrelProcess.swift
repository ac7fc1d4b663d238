import Foundation
import Synchronization
import Testing

/// The built `carrel`, run as operators run it.
final class CarrelProcess: Sendable {
    private let process: Mutex<Process>
    private let written = Mutex("")
    private let isWhole = Mutex(false)

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
        let pipe = Pipe()
        process.standardError = pipe
        process.standardOutput = pipe
        self.process = Mutex(process)
        pipe.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            if data.isEmpty {
                handle.readabilityHandler = nil
                self?.isWhole.withLock { $0 = true }
            }
            self?.written.withLock { $0 += String(decoding: data, as: UTF8.self) }
        }
        try process.run()
    }

    deinit { process.withLock { if $0.isRunning { kill($0.processIdentifier, SIGKILL) } } }

    var output: String { written.withLock { $0 } }

    /// All that it wrote, once it has ended.
    func wholeOutput(within limit: Duration = .seconds(30)) async throws -> String {
        try await Self.wait(limit, "the end of the output") { self.isWhole.withLock { $0 } }
        return output
    }

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
