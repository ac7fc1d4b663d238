import Testing

@testable import Text

@Suite("Names and numbers in text")
struct TextTests {
    @Test(
        "Names are in the order in which people expect them",
        arguments: [
            ["1", "2", "10"], ["h1", "h2", "h10", "h10a", "h11"], ["Ada", "ada", "Bob", "bob 2", "bob 10"],
            ["a", "a0", "a00", "a1", "a01x"], ["lab-9-b", "lab-10-a"], ["", "0", "a"],
            ["x99999999999999999999999998", "x99999999999999999999999999", "x100000000000000000000000000"],
        ])
    func natural(names: [String]) {
        #expect(NaturalOrder.sorted(names.reversed()) == names)
        #expect(NaturalOrder.sorted(names) == names)
    }

    @Test("It is a total order: of two names that differ one is first")
    func total() {
        let names = ["a1", "a01", "A1", "a001", "A01", "é", "e\u{301}", "٣", "3", "a٣"]
        for a in names {
            for b in names {
                let isEqual = Array(a.unicodeScalars) == Array(b.unicodeScalars)
                let before = [NaturalOrder.isBefore(a, b), NaturalOrder.isBefore(b, a)]
                #expect(before.count { $0 } == (isEqual ? 0 : 1), "\(a), \(b)")
            }
        }
    }

    @Test("One is one, and everything else is many")
    func plurals() {
        #expect(Plural.count(1, "lab") == "1 lab")
        #expect(Plural.count(0, "lab") == "0 labs")
        #expect(Plural.count(2, "lab has its image", "labs have their images") == "2 labs have their images")
    }

    @Test(
        "What commands a terminal, turns a line around or cannot be seen is written out",
        arguments: [
            ("Ada", "Ada"), ("Łukasz Żółć 李 אדה", "Łukasz Żółć 李 אדה"), ("❤\u{FE0F}", "❤\u{FE0F}"),
            ("\u{1B}[2J", "\\u{1B}[2J"), ("a\nb\tc", "a\\u{A}b\\u{9}c"), ("\u{9B}2J", "\\u{9B}2J"),
            ("\u{202E}exe.txt", "\\u{202E}exe.txt"), ("a\u{2066}b\u{2069}", "a\\u{2066}b\\u{2069}"),
            ("\u{200E}\u{200F}\u{61C}", "\\u{200E}\\u{200F}\\u{61C}"), ("a\u{200B}b\u{200D}c", "a\\u{200B}b\\u{200D}c"),
            ("\u{FEFF}x", "\\u{FEFF}x"), ("soft\u{AD}hyphen", "soft\\u{AD}hyphen"), ("\u{2028}", "\\u{2028}"),
            ("\u{E0041}", "\\u{E0041}"), ("\u{3164}", "\\u{3164}"), ("\u{180E}", "\\u{180E}"),
        ])
    func visible(text: String, seen: String) {
        #expect(Array(VisibleText.escaped(text).unicodeScalars) == Array(seen.unicodeScalars))
    }

    @Test("Each line is escaped by itself, whichever of the two line ends it has")
    func lines() {
        #expect(VisibleText.escapedLines("a\n\nb\r\nc\n") == "a\n\nb\nc\n")
        #expect(VisibleText.escapedLines("\u{1B}[2J\n\u{202E}x") == "\\u{1B}[2J\n\\u{202E}x")
    }

    @Test("What is written out can be left out instead, and everything else stays")
    func stripped() {
        let hostile = "\u{9B}31mred\u{202E}txt\u{2066}.\u{200B}\u{E0041}\u{7F}\tend, Łódź 李 ❤\u{FE0F}"
        #expect(VisibleText.stripped(hostile) == "31mredtxt.end, Łódź 李 ❤\u{FE0F}")
        #expect(VisibleText.stripped("") == "")
    }

    @Test("Text is cut by characters, and a pile of marks does not count for ever")
    func cut() {
        #expect(VisibleText.cut("abcde", to: 5) == "abcde")
        #expect(VisibleText.cut("abcdef", to: 5) == "abcd…")
        #expect(VisibleText.cut("", to: 1) == "")
        let pile = "a" + String(repeating: "\u{301}", count: 1000)
        #expect(VisibleText.cut(pile, to: 5).unicodeScalars.count == 8)
    }
}
