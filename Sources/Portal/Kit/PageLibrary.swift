import Mustache
import Words

/// The templates, in every language.
///
/// A fixed text of a template is `[[KEY]]`, a key of the catalogues; no word of any language stands in a template.
enum PageLibrary {
    /// Read once, and the same for all portals.
    static let libraries: Result<[Language: MustacheLibrary], any Error> = Result {
        try Words.standard.languages.reduce(into: [:]) { libraries, language in
            libraries[language] = try library(.standard, language)
        }
    }

    /// Registers every file of the folder `Files`, templates without their ending. A template includes the style, the
    /// script and the logo like any other part.
    ///
    /// Each selects our own escaping first, because the engine resets it at every part.
    private static func library(_ words: Words, _ language: Language) throws -> MustacheLibrary {
        MustacheContentTypes.register(HTMLText(), named: HTMLText.name)
        var library = MustacheLibrary()
        for (path, text) in Embedded.texts {
            let name = path.hasSuffix(".mustache") ? String(path.dropLast(".mustache".count)) : path
            let worded = text.replacing(label) { match in
                HTMLText().escapeText(words.label(String(match.1), in: language))
            }
            try library.register("{{% CONTENT_TYPE:\(HTMLText.name)}}" + worded, named: name)
        }
        return library
    }

    // A computed property: a regex is not Sendable.
    private static var label: Regex<(Substring, Substring)> { /\[\[([a-z.-]+)\]\]/ }
}
