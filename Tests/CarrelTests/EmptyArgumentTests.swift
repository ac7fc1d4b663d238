import Testing

@testable import carrel

@Suite("An empty argument") struct EmptyArgumentTests {
    @Test(
        "is refused by the name of its option, whatever the command",
        arguments: [
            (["session", "end", "--course", "", "--yes"], "the argument after --course is empty; "),
            (["session", "extend", "--roster", "", "--by", "1h"], "the argument after --roster is empty; "),
            (["link", "--learner", ""], "the argument after --learner is empty; "),
            (["session", "list", "--host", "", "--json"], "the argument after --host is empty; "),
            (["host", "drain", "--now", ""], "the argument after --now is empty; "),
            (["check", "-c", ""], "the argument after -c is empty; "),
            (["session", "list", "--lab="], "--lab is empty; "),
            (["reserve", "create", "--context="], "--context is empty; "),
        ])
    func refused(arguments: [String], words: String) {
        #expect(EmptyArgument.problem(in: arguments)?.hasPrefix(words) == true)
    }

    @Test("is refused where an identifier or a name belongs, too")
    func positional() {
        #expect(EmptyArgument.problem(in: ["session", "end", ""])?.hasPrefix("an argument is empty") == true)
    }

    @Test(
        "is fine as a note and as code, and an equals sign at the end of a value is no empty value",
        arguments: [
            ["session", "end", "k3v7", "--note", ""], ["try", "--link", "x", "--code="], ["session", "list", "--live"],
            ["try", "--link", "x", "--code", "--x="],
            ["reserve", "import", "t.ics", "--tzid=CET="], ["reserve", "import", "t.ics", "--tzid", "CET="],
        ])
    func fine(arguments: [String]) {
        #expect(EmptyArgument.problem(in: arguments) == nil)
    }

    @Test("ends the command before it asks anybody")
    func process() async throws {
        let command = try CarrelProcess("session", "end", "--course", "", "--yes", "--config", "/none")
        #expect(try await command.end() == 64)
        #expect(command.output.contains("the argument after --course is empty"), "\(command.output)")
    }
}
