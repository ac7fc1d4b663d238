import Edge
import Foundation
import HTTPTransport
import Programs
import Testing

@testable import Configuration
@testable import carrel

@Suite("A routes file") struct RoutesFileTests {
    private func parse(_ text: String) throws -> [String: UpstreamAddress] {
        try Array(text.utf8).withUnsafeBytes { try RoutesFile.parse($0, of: "routes.yaml") }
    }

    @Test("leads hostnames to upstreams; comments, blank lines and both kinds of line ends are fine")
    func good() throws {
        let text = """
            ---
            # two of them
            One.example.org: http://10.0.0.5:8080   # the first
            two.example.org:\thttp://lab/\r

            six.example.org: http://[::1]:90
            """
        let expected: [String: UpstreamAddress] = [
            "one.example.org": .tcp(host: "10.0.0.5", port: 8080), "two.example.org": .tcp(host: "lab", port: 80),
            "six.example.org": .tcp(host: "::1", port: 90),
        ]
        #expect(try parse(text) == expected)
        #expect(try parse(String(decoding: RoutesFile.text(expected), as: UTF8.self)) == expected)
        #expect(try parse("") == [:])
    }

    @Test(
        "what is no route is named with its line",
        arguments: [
            (" a.example: http://h:1", "begins at the start of its line"), ("a.example", "this is no route"),
            ("a.example:http://h:1", "this is no route"), ("a.example:", "this is no route"),
            ("a_b.example: http://h:1", "'a_b.example' is no hostname"), ("a:1: http://h:1", "this is no route"),
            ("a.example: https://h:1", "without TLS"), ("a.example: h:1", "an upstream has a URL"),
            ("a.example: http://h:1/path", "does not name a host and a port alone"),
            ("a.example: http://u@h", "does not name"), ("a.example: http://h:0", "does not name"),
            ("a.example: http://h:99999", "does not name"), ("\u{FF}: http://h:1", "is no hostname"),
            ("a.example: http://" + String(repeating: "h", count: 2000), "too long"),
        ])
    func bad(line: String, words: String) {
        let error = #expect(throws: InvalidConfiguration.self) { try parse("# first\nok.example: http://h:1\n" + line) }
        #expect(error?.problems.count == 1)
        #expect(error?.description.hasPrefix("routes.yaml:3: ") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test("a hostname that stands there twice is named with both lines, and no more than a screenful is told")
    func twice() {
        let error = #expect(throws: InvalidConfiguration.self) {
            try parse("a.example: http://h:1\nb.example: http://h:1\nA.example: http://h:2\n")
        }
        #expect(error?.description == "routes.yaml:3: a.example has a route in line 1 already")
        let many = #expect(throws: InvalidConfiguration.self) { try parse(String(repeating: "x\n", count: 1000)) }
        #expect(many?.problems.count == RoutesFile.problemsTold)
    }

    @Test("a hundred thousand routes are read")
    func many() throws {
        var text = ""
        for index in 0..<100_000 { text += "session-\(index).labs.example.org: http://10.0.\(index % 200).7:32768\n" }
        #expect(try parse(text).count == 100_000)
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
