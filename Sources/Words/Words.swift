import BrokerCore

/// The catalogues of the binary. Any thread.
public struct Words: Sendable {
    private let catalogues: [Language: Catalogue]

    /// English first, then the others by their tags.
    public let languages: [Language]

    /// Reads the embedded catalogues, once. A mistake in one is a defect that tests find; it stops the process here.
    public static let standard: Words = {
        let catalogues = Embedded.texts.map { file in
            do {
                return try Catalogue(file.text, language: Language(rawValue: String(file.name.prefix { $0 != "." })))
            } catch {
                preconditionFailure("the catalogue \(file.name) cannot be read: \(error)")
            }
        }
        return Words(catalogues)
    }()

    /// - Parameter catalogues: one of them is English.
    init(_ catalogues: [Catalogue]) {
        self.catalogues = Dictionary(catalogues.map { ($0.language, $0) }, uniquingKeysWith: { first, _ in first })
        languages = self.catalogues.keys.sorted { a, b in
            a == .english ? b != .english : b != .english && a.rawValue < b.rawValue
        }
    }

    /// The message in learners' words: in a language, or in English if that language has no words for it. One without
    /// words is an empty phrase. Operators' sentences are those of the core's codes themselves (`Refusal.message`), and
    /// are not to be had here.
    /// - Parameter seen: when it is read: a time on the same day is shown without its day.
    public func prose(_ message: Message, in language: Language, seen: Timestamp) -> Prose {
        fill("learner.\(message.code)", message.arguments, in: language, seen: seen)
            ?? fill("learner.unknown", [:], in: language, seen: seen) ?? Prose()
    }

    /// A text of a page that is no sentence, such as a button: the key begins with `page.`.
    public func label(
        _ key: String, _ arguments: [String: Message.Argument] = [:], in language: Language
    ) -> String {
        fill(key, arguments, in: language, seen: Timestamp(milliseconds: 0))?.plain ?? key
    }

    /// A length of time as learners read it.
    public func span(_ span: Duration, in language: Language) -> String {
        catalogue(language).map { SpanText(catalogue: $0).learner(span.components.seconds) } ?? ""
    }

    /// How a script says times.
    public func momentForms(in language: Language) -> MomentForms? {
        catalogue(language).map { MomentText(catalogue: $0).forms }
    }

    private func fill(
        _ key: String, _ arguments: [String: Message.Argument], in language: Language, seen: Timestamp
    ) -> Prose? {
        for language in [language, .english] {
            guard let catalogue = catalogues[language] else { continue }
            let filling = Filling(catalogue: catalogue, arguments: arguments, seen: seen)
            if let prose = filling.prose(key) { return prose }
        }
        return nil
    }

    private func catalogue(_ language: Language) -> Catalogue? { catalogues[language] ?? catalogues[.english] }
}
