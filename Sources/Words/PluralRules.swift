/// The form of a word that goes with a number (Unicode Technical Standard 35, part 3, section 5).
public enum PluralCase: String, Hashable, Sendable { case one, other }

/// Which form goes with which number, language by language. All languages so far have the same rule; one with another
/// rule adds a line here.
enum PluralRules {
    static func form(of number: Int64, in language: Language) -> PluralCase {
        rules[language, default: oneOrOther](number)
    }

    private static let oneOrOther: @Sendable (Int64) -> PluralCase = { $0 == 1 ? .one : .other }
    private static let rules: [Language: @Sendable (Int64) -> PluralCase] = [
        .english: oneOrOther, Language(rawValue: "es"): oneOrOther,
    ]
}
