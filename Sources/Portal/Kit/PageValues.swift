import Words

/// A template's data, by name.
///
/// The engine escapes text; prose is escaped when it becomes HTML, and is inserted with three braces. There is no way to
/// put other HTML in.
struct PageValues: Equatable, Sendable, ExpressibleByDictionaryLiteral {
    enum Value: Equatable, Sendable {
        case text(String)
        case prose(Prose)
        case flag(Bool)
        case number(Int64)
        case texts([String])
        case proses([Prose])
        case group(PageValues)
        case list([PageValues])
    }

    private(set) var values: [String: Value]

    init(dictionaryLiteral elements: (String, Value)...) {
        values = Dictionary(elements) { first, _ in first }
    }

    subscript(name: String) -> Value? {
        get { values[name] }
        set { values[name] = newValue }
    }

    // Dictionaries, because the template engine finds an object's properties by reflection, which sees only stored
    // ones.
    var forEngine: [String: Any] {
        values.mapValues { value in
            switch value {
            case .text(let text): text
            case .prose(let prose): prose.html
            case .flag(let flag): flag
            case .number(let number): number
            case .texts(let texts): texts
            case .proses(let proses): proses.map(\.html)
            case .group(let values): values.forEngine
            case .list(let list): list.map(\.forEngine)
            }
        }
    }
}
