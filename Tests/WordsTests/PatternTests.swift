import BrokerCore
import Testing

@testable import Words

@Suite("Patterns")
struct PatternTests {
    private static let now = Timestamp(milliseconds: 1_700_000_000_000)

    private func text(_ pattern: String, _ arguments: [String: Message.Argument] = [:]) throws -> String {
        let catalogue = try Catalogue("a.key = \(pattern)\na.other = The end of {what}.", language: .english)
        return Filling(catalogue: catalogue, arguments: arguments, seen: Self.now).prose("a.key")?.plain ?? ""
    }

    @Test("Plural, select and reference give each branch")
    func branches() throws {
        let seats = "{seats, plural, one {# seat is} other {# seats are}} claimed."
        #expect(try text(seats, ["seats": .number(1)]) == "1 seat is claimed.")
        #expect(try text(seats, ["seats": .number(0)]) == "0 seats are claimed.")
        let parks = "It {parks, select, yes {is parked} other {ends}}."
        #expect(try text(parks, ["parks": .flag(true)]) == "It is parked.")
        #expect(try text(parks, ["parks": .flag(false)]) == "It ends.")
        #expect(try text("{@other} {@other}", ["what": .word("it")]) == "The end of it. The end of it.")
        let nested = "{a, plural, one {{b, select, yes {# with} other {#}}} other {none}}"
        #expect(try text(nested, ["a": .number(1), "b": .word("yes")]) == "1 with")
    }

    @Test("Spaces in a branch are kept, and those around its label are not part of it")
    func spaces() throws {
        #expect(try text("One.{more, select,   yes { Two.}   other {}}", ["more": .flag(true)]) == "One. Two.")
        #expect(try text("One.{more, select, yes { Two.} other {}}", ["more": .flag(false)]) == "One.")
    }

    @Test("Quoted braces and number signs are text, and an apostrophe alone is itself")
    func quotation() throws {
        #expect(try text("'{'clock'}' it's '' '{}' #1") == "{clock} it's ' {} #1")
        #expect(try text("{n, plural, one {'#'#} other {}}", ["n": .number(1)]) == "#1")
    }

    @Test("Each kind of argument is shown in its way, and one that was not given is seen")
    func arguments() throws {
        let time = Self.now + .seconds(60)
        #expect(try text("{x, at}", ["x": .moment(time)]) == "time.at-today")
        #expect(try text("{x, code}", ["x": .word("abc")]) == "abc")
        #expect(try text("{x}", ["x": .name("אדה")]) == "\u{2068}אדה\u{2069}")
        #expect(try text("{x}", ["x": .link(text: "the desk", target: nil)]) == "the desk")
        #expect(try text("{x}", ["x": .number(-3)]) == "-3")
        #expect(try text("{x} {y, at}", ["y": .word("b")]) == "{x} {y}")
        #expect(try text("{x, plural, other {a}}{y, select, other {b}}", ["x": .word("1")]) == "{x}{y}")
    }

    @Test(
        "A pattern with a mistake is refused",
        arguments: [
            "{", "{}", "}", "{a", "{a,", "{a, }", "{a, big}", "{a, plural}", "{a, plural, one {b}}",
            "{a, plural, few {b} other {c}}", "{a, select, yes {b} yes {c} other {d}}", "{a, select, yes b other {c}}",
            "{a, select, yes {b other {c}}", "{a b}", "'{ never closed", "{@}", "{@key", "{a, select, {b} other {c}}",
            String(repeating: "{a, select, other {", count: 20) + String(repeating: "}}", count: 20),
        ])
    func mistakes(text: String) {
        #expect(throws: PatternError.self) { try Pattern(text) }
    }

    @Test("A catalogue names the line of a mistake")
    func lines() throws {
        func line(_ text: String) -> Int? {
            do {
                _ = try Catalogue(text, language: .english)
                return nil
            } catch {
                return error.line
            }
        }
        #expect(line("# comment\n\na.b = One\n two.\na.c = Three.") == nil)
        #expect(line("a.b = {") == 1)
        #expect(line("a.b = One.\na.b = Two.") == 2)
        #expect(line("# comment\na.b") == 2)
        #expect(line(" goes on") == 1)
        #expect(line("a.b = {@c}") == 1)
        // A reference is to a plain pattern of the same kind.
        #expect(line("b.c = One.\na.b = {@c}") == 2)
        #expect(line("a.b = {@c}\na.c = {@d}\na.d = One.") == 1)
    }

    @Test("A line that begins with a space goes on after one space")
    func continuation() throws {
        let catalogue = try Catalogue("a.b = One\n   two\n three.", language: .english)
        #expect(catalogue.pattern("a.b")?.pieces == [.text("One two three.")])
    }

    @Test("The names of arguments are those of all branches, and of what it refers to")
    func names() throws {
        let catalogue = try Catalogue(
            "a.b = {c, at} {d, select, yes {{e}} other {{@f}}}\na.f = {g}", language: .english)
        #expect(catalogue.pattern("a.b")?.names == ["c", "d", "e", "g"])
    }
}
