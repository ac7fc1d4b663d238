import Foundation
import Programs
import Testing

@testable import Configuration

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
}
