import BrokerCore
import Testing

@testable import Words

@Suite("Messages in words")
struct WordsTests {
    private static let now = Timestamp(milliseconds: 1_700_000_000_000)
    private static let spanish = Language(rawValue: "es")

    private func words() throws -> Words {
        Words([
            try Catalogue(
                "learner.unknown = Algo pasó.\nlearner.a = Hola.\npage.b = Uno", language: Self.spanish),
            try Catalogue(
                "learner.unknown = Something happened.\nlearner.a = Hello.\nlearner.c = Bye.",
                language: .english),
        ])
    }

    @Test("A message is in the language that is asked for, and in English where that has no words")
    func languages() throws {
        let words = try words()
        func text(_ code: String, _ language: Language) -> String {
            words.prose(Message(code), in: language, seen: Self.now).plain
        }
        #expect(words.languages == [.english, Self.spanish])
        #expect(text("a", Self.spanish) == "Hola." && text("a", .english) == "Hello.")
        #expect(text("c", Self.spanish) == "Bye." && text("a", Language(rawValue: "fr")) == "Hello.")
        #expect(words.label("page.b", in: Self.spanish) == "Uno" && words.label("page.x", in: .english) == "page.x")
    }

    @Test("A message without words in any language is a phrase of its own, and never the text of something else")
    func unknown() throws {
        let words = try words()
        #expect(words.prose(Message("b"), in: Self.spanish, seen: Self.now).plain == "Algo pasó.")
        #expect(words.prose(Message("b"), in: .english, seen: Self.now).plain == "Something happened.")
    }

    @Test(
        "A length of time is said as people say it",
        arguments: [
            (-3, "a few seconds", "unos segundos"), (4, "a few seconds", "unos segundos"),
            (43, "45 seconds", "45 segundos"), (89, "90 seconds", "90 segundos"), (90, "2 minutes", "2 minutos"),
            (600, "10 minutes", "10 minutos"), (5400, "90 minutes", "90 minutos"), (7190, "2 hours", "2 horas"),
            (7200, "2 hours", "2 horas"), (9000, "150 minutes", "150 minutos"), (10_800, "3 hours", "3 horas"),
            (12_000, "3 hours", "3 horas"), (12_600, "3½ hours", "3 horas y media"),
            (86_400, "24 hours", "24 horas"), (604_740, "7 days", "7 días"),
        ] as [(Int64, String, String)])
    func spans(seconds: Int64, english: String, spanish: String) {
        #expect(Words.standard.span(.seconds(seconds), in: .english) == english)
        #expect(Words.standard.span(.seconds(seconds), in: Self.spanish) == spanish)
    }

    // MARK: The browser's languages

    @Test(
        "The browser's languages choose among ours",
        arguments: [
            (nil, "en"), ("", "en"), ("es", "es"), ("es-MX", "es"), ("ES-mx,en;q=0.5", "es"), ("en-GB,es;q=0.9", "en"),
            ("fr,de;q=0.9,es;q=0.2", "es"), ("fr, *;q=0.5", "en"), ("es;q=0.3, en;q=0.7", "en"),
            ("en;q=0, es;q=0.1", "es"), ("es;q=0", "en"), ("es;q=2, en", "en"), ("es;level=1", "en"),
            ("es-419-x-school", "es"), ("*, es", "en"), (";;,,=", "en"), ("est,esp", "en"),
        ] as [(String?, String)])
    func preferred(accepted: String?, language: String) {
        #expect(Words.standard.preferred(accepted, otherwise: .english).rawValue == language)
    }

    @Test("A field without end is read up to its limit")
    func longField() {
        let long = String(repeating: "x,", count: 100_000) + "es"
        #expect(Words.standard.preferred(long, otherwise: .english) == .english)
        let far = String(repeating: " ", count: WordsLimits.acceptLanguageBytes) + "es"
        #expect(Words.standard.preferred(far, otherwise: .english) == .english)
        #expect(Words.standard.preferred("es," + long, otherwise: .english) == Self.spanish)
    }

    @Test("The language of pages is the browser's or always the same one, and only one that we have")
    func choice() {
        #expect(LanguageChoice("auto") == .browser)
        #expect(LanguageChoice("es") == .always(Self.spanish))
        for text in ["", "fr", "AUTO", "es-MX"] { #expect(LanguageChoice(text) == nil, "\(text)") }
        #expect(LanguageChoice.browser.language(accepting: "es") == Self.spanish)
        #expect(LanguageChoice.always(.english).language(accepting: "es") == .english)
    }
}
