/// A language by its tag of RFC 5646: `en`, `es`.
public struct Language: RawRepresentable, Hashable, Sendable, Codable {
    public var rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    /// The language of everything that has no text in another one.
    public static let english = Language(rawValue: "en")
}

/// How the language of a page is chosen.
public enum LanguageChoice: Hashable, Sendable {
    /// The browser's, if there is a catalogue for it; otherwise English.
    case browser
    case always(Language)

    /// As the configuration spells it: `auto`, or the tag of a language that has a catalogue.
    /// - Returns: `nil` for anything else.
    public init?(_ text: String, among languages: [Language] = Words.standard.languages) {
        let language = Language(rawValue: text)
        if text == "auto" {
            self = .browser
        } else if languages.contains(language) {
            self = .always(language)
        } else {
            return nil
        }
    }

    /// - Parameter accepted: the request's `Accept-Language`, if it has one.
    public func language(accepting accepted: String?, of words: Words = .standard) -> Language {
        switch self {
        case .browser: words.preferred(accepted, otherwise: .english)
        case .always(let language): language
        }
    }
}
