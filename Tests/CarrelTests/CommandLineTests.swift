import ArgumentParser
import Testing

@testable import carrel

@Suite("The command line") struct CommandLineTests {
    private func parsed<Command: ParsableCommand>(_ arguments: String..., as type: Command.Type) throws -> Command {
        try #require(try Carrel.parseAsRoot(arguments) as? Command)
    }

    @Test("link takes a lab and a learner, and is valid for 8 hours if nothing else is said")
    func link() throws {
        let command = try parsed("link", "--lab", "python", "--learner", "ada", as: LinkCommand.self)
        #expect(command.valid.duration == .seconds(28_800))
        #expect(command.name == nil)
        #expect(
            try parsed("link", "--lab", "p", "--learner", "a", "--valid", "1h30m", as: LinkCommand.self).valid.duration
                == .seconds(5400))
    }

    @Test(
        "what is not understood is a usage error that says why",
        arguments: [
            (["link", "--lab", "python"], "Missing expected argument '--learner <id>'"),
            (["link", "--lab", "p", "--learner", "a", "--valid", "31d"], "--valid is 31d, but must be from 1s to 30d"),
            (["link", "--learner", "a"], "Missing expected argument '--lab <lab>'"),
            (
                ["link", "--role", "instructor", "--learner", "g"],
                "an instructor's link needs a course: --context"
            ),
            (
                ["link", "--role", "instructor", "--context", "101", "--learner", "g", "--lab", "python"],
                "an instructor's link opens no lab: leave --lab out"
            ),
            (["host", "drain", "one", "--deadline", "8d"], "--deadline is 8d, but must be at most 7d"),
            (
                ["link", "--lab", "p", "--learner", "a", "--valid", "soon"],
                "The value 'soon' is invalid for '--valid <duration>'"
            ),
        ])
    func usage(arguments: [String], message: String) throws {
        do {
            _ = try Carrel.parseAsRoot(arguments)
            Issue.record("the arguments were understood")
        } catch {
            #expect(Carrel.exitCode(for: error).rawValue == 64)
            #expect(Carrel.message(for: error) == message)
        }
    }

    @Test("every command has help with an example")
    func examples() {
        func walk(_ command: any ParsableCommand.Type, _ path: String) {
            let children = command.configuration.subcommands
            for child in children { walk(child, path + " " + (child.configuration.commandName ?? "")) }
            if children.isEmpty {
                #expect(command.configuration.discussion.contains("Example"), "\(path) has no example")
                #expect(
                    command.configuration.discussion.contains("  \(path)"), "\(path)'s example is another command's")
            }
        }
        walk(Carrel.self, "carrel")
    }

    @Test("the configuration is the one named, else $CARREL_CONFIG, else the first usual one that exists")
    func configurationPath() throws {
        var option = try ConfigurationOption.parse([])
        #expect(try option.resolvedPath(environment: [:], exists: { $0 != ".carrel/carrel.yaml" }) == "carrel.yaml")
        #expect(try option.resolvedPath(environment: ["CARREL_CONFIG": "x.yaml"], exists: { _ in true }) == "x.yaml")
        #expect {
            try option.resolvedPath(environment: [:], exists: { _ in false })
        } throws: { "\($0)".contains("name one with --config") }
        option = try ConfigurationOption.parse(["-c", "mine.yaml"])
        #expect(try option.resolvedPath(environment: ["CARREL_CONFIG": "x.yaml"], exists: { _ in true }) == "mine.yaml")
    }

    @Test("a server's certificate is named by its first name, or as is said")
    func serverCertificates() {
        let plain = DevCACommand.ServerCertificate(argument: "*.labs.test,10.0.0.5")
        #expect(plain?.file == "wildcard.labs.test")
        #expect(plain?.names == ["*.labs.test", "10.0.0.5"])
        #expect(DevCACommand.ServerCertificate(argument: "edge=a.test")?.file == "edge")
        for wrong in ["", "edge=", "=a.test", "a,,b"] {
            #expect(DevCACommand.ServerCertificate(argument: wrong) == nil)
        }
    }

    @Test("a failure quotes what a lab says line by line, with control characters made visible")
    func visible() {
        let failure = CommandFailure("the code failed: E: \u{9B}2J\nb")
        #expect(failure.description == "the code failed: E: \\u{9B}2J\nb")
        #expect(CommandFailure(failure.description) == failure)
    }
}
