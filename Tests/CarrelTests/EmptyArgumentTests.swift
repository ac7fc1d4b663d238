import Testing

@testable import carrel

@Suite("An empty argument") struct EmptyArgumentTests {
    @Test(
        "is refused by the name of its option, whatever the command",
        arguments: [
            (["session", "end", "--course", "", "--yes"], "--course"), (["session", "list", "--lab="], "--lab"),
            (["session", "extend", "--roster", "", "--by", "1h"], "--roster"),
            (["link", "--learner", ""], "--learner"), (["session", "list", "--host", "", "--json"], "--host"),
            (["reserve", "create", "--context="], "--context"),
            (["check", "-c", ""], "-c"),
        ])
    func refused(arguments: [String], option: String) {
        #expect(EmptyArgument.problem(in: arguments) == "\(option) is empty; give it a value, or leave it out")
    }

    @Test("is refused where an identifier or a name belongs, too")
    func positional() {
        #expect(EmptyArgument.problem(in: ["session", "end", ""])?.hasPrefix("an argument is empty") == true)
    }

    @Test(
        "is fine as a note and as code, and an equals sign at the end of a value is no empty value",
        arguments: [
            ["session", "end", "k3v7", "--note", ""], ["try", "--link", "x", "--code="], ["session", "list", "--live"],
            ["reserve", "import", "t.ics", "--tzid=CET="], ["reserve", "import", "t.ics", "--tzid", "CET="],
        ])
    func fine(arguments: [String]) {
        #expect(EmptyArgument.problem(in: arguments) == nil)
    }

    @Test("ends the command before it asks anybody")
    func process() async throws {
        let command = try CarrelProcess("session", "end", "--course", "", "--yes", "--config", "/none")
        #expect(try await command.end() == 64)
        #expect(command.output.contains("--course is empty"), "\(command.output)")
    }
}
