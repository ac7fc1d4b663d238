import Foundation
import Testing

@testable import carrel

@Suite("A file that is read whole") struct ReadFileTests {
    @Test("is told to be empty where a configuration is expected, and is no file in other words")
    func configuration() throws {
        let scratch = try Scratch()
        let file = scratch.path + "/carrel.yaml"
        try Data().write(to: URL(fileURLWithPath: file))
        let empty = #expect(throws: InvalidConfiguration.self) { try Configuration(contentsOf: file) }
        #expect(empty?.description.contains("the file is empty; the README shows") == true)
        let folder = #expect(throws: InvalidConfiguration.self) { try Configuration(contentsOf: scratch.path) }
        #expect(folder?.description.contains("the configuration cannot be read") == true)
    }

    @Test("has no routes when it is empty, even if it is no regular file, and is named if it cannot be read")
    func routes() throws {
        #expect(try RoutesFile.read("/dev/null").isEmpty)
        let scratch = try Scratch()
        try "a.example: http://h:1\n".write(toFile: scratch.path + "/routes", atomically: true, encoding: .utf8)
        #expect(try RoutesFile.read(scratch.path + "/routes").count == 1)
        #expect {
            try RoutesFile.read(scratch.path)
        } throws: { "\($0)".hasPrefix("the routes \(scratch.path) cannot be read: ") }
        #expect(throws: CommandFailure("the routes \(scratch.path)/none cannot be read: no such file or directory")) {
            try RoutesFile.read(scratch.path + "/none")
        }
    }
}
