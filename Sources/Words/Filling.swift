import BrokerCore

/// The patterns of one catalogue, with the arguments of one message.
struct Filling {
    let catalogue: Catalogue
    let arguments: [String: Message.Argument]
    /// When the text is read: a time on the same day is shown without its day.
    let seen: Timestamp

    /// - Returns: `nil` if the catalogue has no such key.
    func prose(_ key: String) -> Prose? {
        catalogue.pattern(key).map { Prose(pieces($0.pieces, count: 0)).merged }
    }

    private func pieces(_ pieces: [Pattern.Piece], count: Int64) -> [Prose.Piece] {
        pieces.flatMap { piece -> [Prose.Piece] in
            switch piece {
            case .text(let text): [.text(text)]
            case .count: [.text("\(count)")]
            case .argument(let name, let style): [filled(name, style)]
            case .plural(let name, let branches):
                if case .number(let number)? = arguments[name] {
                    self.pieces(
                        Self.branch(PluralRules.form(of: number, in: catalogue.language).rawValue, branches),
                        count: number)
                } else {
                    [Self.missing(name)]
                }
            case .select(let name, let branches):
                if case .word(let word)? = arguments[name] {
                    self.pieces(Self.branch(word, branches), count: count)
                } else {
                    [Self.missing(name)]
                }
            case .reference(let key): [Self.missing(key)]
            }
        }
    }

    private func filled(_ name: String, _ style: Pattern.Style?) -> Prose.Piece {
        switch (arguments[name], style) {
        case (.word(let text), .code): .code(text)
        case (.word(let text), nil): .text(text)
        case (.name(let text), nil): .name(text)
        case (.link(let text, let target), nil): .link(text: text, target: target)
        case (.number(let number), nil): .text("\(number)")
        case (.span(let span), nil): .text(SpanText(catalogue: catalogue).learner(span.components.seconds))
        case (.moment(let time), .at): moment(time, .at)
        case (.moment(let time), .until): moment(time, .until)
        default: Self.missing(name)
        }
    }

    private func moment(_ time: Timestamp, _ form: Prose.MomentForm) -> Prose.Piece {
        .moment(time, form, utc: MomentText(catalogue: catalogue).utc(time, form, seen: seen))
    }

    private static func branch(_ label: String, _ branches: [Pattern.Branch]) -> [Pattern.Piece] {
        (branches.first { $0.label == label } ?? branches.first { $0.label == "other" })?.pieces ?? []
    }

    /// An argument that was not given, or not of the kind that the pattern needs. The tests of the catalogues look for
    /// the brace.
    private static func missing(_ name: String) -> Prose.Piece { .text("{\(name)}") }
}
