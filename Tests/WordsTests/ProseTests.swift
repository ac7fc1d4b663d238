import BrokerCore
import Testing

@testable import Words

@Suite("Sentences with names and moments in them")
struct ProseTests {
    private static let seen = Timestamp(milliseconds: 1_700_000_000_000)  // Tuesday, 2023-11-14T22:13:20Z
    private static let spanish = Language(rawValue: "es")

    private func end(_ key: String, at time: Timestamp, in language: Language) -> String {
        Words.standard.prose(
            Message(key, ["end": .moment(time)]), in: language, seen: Self.seen
        ).plain
    }

    @Test("A name from the right-to-left is isolated in every language", arguments: Words.standard.languages)
    func names(language: Language) {
        let message = Message("notice.unknown-lab.what", ["lab": .name("\u{202E}<b>אדה")])
        let prose = Words.standard.prose(message, in: language, seen: Self.seen)
        #expect(prose.plain.contains("\u{2068}\u{202E}<b>אדה\u{2069}"))
        let ascii = Message("notice.unknown-lab.what", ["lab": .name("Ada")])
        let plain = Words.standard.prose(ascii, in: language, seen: Self.seen).plain
        #expect(plain.contains("“Ada”") || plain.contains("«Ada»"))
    }

    @Test(
        "A moment is said with its day only where that is another one",
        arguments: [
            (0, "at 22:13 UTC", "until 22:13 UTC", "a las 22:13 UTC", "hasta las 22:13 UTC"),
            (
                7200, "on Wednesday at 00:13 UTC", "until Wednesday 00:13 UTC", "el miércoles a las 00:13 UTC",
                "hasta el miércoles a las 00:13 UTC"
            ),
            (
                10_800, "on Wednesday at 01:13 UTC", "until Wednesday 01:13 UTC", "el miércoles a la 01:13 UTC",
                "hasta el miércoles a la 01:13 UTC"
            ),
            (
                30 * 86_400, "on 14 December at 22:13 UTC", "until 14 December 22:13 UTC",
                "el 14 de diciembre a las 22:13 UTC", "hasta el 14 de diciembre a las 22:13 UTC"
            ),
            (
                60 * 86_400, "on 13 January 2024 at 22:13 UTC", "until 13 January 2024 22:13 UTC",
                "el 13 de enero de 2024 a las 22:13 UTC", "hasta el 13 de enero de 2024 a las 22:13 UTC"
            ),
        ] as [(Int64, String, String, String, String)])
    func moments(after seconds: Int64, at: String, until: String, spanishAt: String, spanishUntil: String) {
        let time = Self.seen + .seconds(seconds)
        #expect(end("session.in-any-case", at: time, in: .english) == "In any case it ends \(at).")
        #expect(end("session.ends.parked", at: time, in: .english) == "It is kept \(until).")
        #expect(end("session.in-any-case", at: time, in: Self.spanish) == "En todo caso termina \(spanishAt).")
        #expect(end("session.ends.parked", at: time, in: Self.spanish) == "Se guarda \(spanishUntil).")
    }

    @Test("A script is given the forms of times, and a page in Spanish says one o'clock as people do")
    func forms() {
        let english = Words.standard.momentForms(in: .english)
        #expect(english?.locale == "en-GB" && english?.clock == "{clock}" && english?.clockOne == "{clock}")
        #expect(english?.atToday == "at {clock}" && english?.atDay == "on {day} at {clock}")
        #expect(english?.untilToday == "until {clock}" && english?.untilDay == "until {day} {clock}")
        let spanish = Words.standard.momentForms(in: Self.spanish)
        #expect(spanish?.locale == "es" && spanish?.clock == "las {clock}" && spanish?.clockOne == "la {clock}")
        #expect(spanish?.atToday == "a {clock}" && spanish?.untilDay == "hasta el {day} a {clock}")
    }

    @Test("Neighbouring texts are one piece, of however many patterns they were made")
    func pieces() {
        let message = Message("session.ended.learner", ["kept": .flag(true)])
        let prose = Words.standard.prose(message, in: .english, seen: Self.seen)
        #expect(prose.pieces == [.text("You ended it. Your files are kept.")])
        #expect(Prose.joined([prose, prose]).pieces.count == 1 && (prose + prose).pieces.count == 1)
        #expect(Prose([.text("")]).merged.isEmpty)
    }
}
