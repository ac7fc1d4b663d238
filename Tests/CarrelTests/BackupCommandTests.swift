import EventLoop
import Foundation
import Programs
import Testing

@testable import carrel

@Suite("carrel backup, restore and integrity") struct BackupCommandTests {
    private func run(_ arguments: String...) async throws -> (code: Int32, output: String) {
        let process = try CarrelProcess(arguments)
        let code = try await process.end()
        // The last piece of output may still be in the pipe.
        return (code, process.output)
    }

    @ControlLoop @Test("save a running broker, refuse to restore under it, and bring it back afterwards")
    func roundTrip() async throws {
        let house = try House()
        let file = house.scratch.path + "/today.backup"
        let serve = try CarrelProcess("serve", "--config", house.file)
        try await serve.expect("ready")
        let made = try await run("backup", file, "--config", house.file)
        #expect(made.code == 0 && made.output.contains("holds 0 sessions"), "\(made.output)")
        let again = try await run("backup", file, "--config", house.file)
        #expect(again.code == 1 && again.output.contains("is there already"), "\(again.output)")
        let live = try await run("integrity", "--config", house.file)
        #expect(live.code == 0 && live.output.contains("is in order"), "\(live.output)")
        let early = try await run("restore", file, "--config", house.file)
        #expect(early.code == 1 && early.output.contains("another carrel (pid \(serve.id)) runs"), "\(early.output)")
        serve.signal(SIGTERM)
        #expect(try await serve.end() == 0)

        try FileManager.default.removeItem(atPath: house.scratch.path + "/secrets/link.key")
        let restored = try await run("restore", file, "--config", house.file)
        #expect(restored.code == 0 && restored.output.contains("what was there is kept in"), "\(restored.output)")
        #expect(FileManager.default.fileExists(atPath: house.scratch.path + "/secrets/link.key"))
        let second = try CarrelProcess("serve", "--config", house.file)
        try await second.expect("ready")
        second.signal(SIGTERM)
        #expect(try await second.end() == 0)
    }

    @Test("integrity of what is no database says so, and exits with 1")
    func foreign() async throws {
        let scratch = try Scratch()
        let file = scratch.path + "/notes.txt"
        try Data(String(repeating: "no database ", count: 100).utf8).write(to: URL(fileURLWithPath: file))
        let result = try await run("integrity", file)
        #expect(result.code == 1 && result.output.contains("is not an SQLite database"), "\(result.output)")
    }
}
