import Yams

/// Composes a YAML text into nodes, and finds every repeated key in it.
///
/// Yams rejects a mapping with a repeated key and reports only the position of the first one. To name both positions,
/// and to go on to the file's other problems, the first one is masked in the text (by as many private-use characters,
/// so that no position shifts) and the text is composed again.
struct YAMLDocument {
    /// The root node; `nil` for an empty file.
    let root: Node?
    /// The original keys and their positions, by their mask.
    private let masked: [String: (key: String, place: Place)]

    /// How many repeated keys are found before giving up.
    static let repeatedKeyLimit = 100
    private static let firstMask: UInt32 = 0xE000

    /// - Throws: the problem, if the text is not YAML at all.
    init(_ text: String, file: String) throws(InvalidConfiguration) {
        var text = text
        var masked: [String: (key: String, place: Place)] = [:]
        while true {
            do {
                root = try Yams.compose(yaml: text)
                self.masked = masked
                return
            } catch YamlError.duplicatedKeysInMapping(let duplicates, let context) {
                let place = Place(line: context.mark.line, column: context.mark.column)
                let key = duplicates.first ?? ""
                let scalar = Unicode.Scalar(Self.firstMask + UInt32(masked.count)) ?? "?"
                let mask = String(repeating: String(Character(scalar)), count: key.unicodeScalars.count)
                guard masked.count < Self.repeatedKeyLimit,
                    let next = Self.replacing(key, at: place, with: mask, in: text)
                else {
                    throw InvalidConfiguration(problems: [
                        ConfigurationProblem(
                            file: file, line: place.line, column: place.column,
                            message: "the key \"\(key)\" is given more than once; keep one of them")
                    ])
                }
                masked[mask] = (key, place)
                text = next
            } catch {
                throw InvalidConfiguration(problems: [Self.problem(error, file: file)])
            }
        }
    }

    /// The original of a key that was masked as the earlier of two.
    func repeated(_ key: String) -> (key: String, place: Place)? { masked[key] }

    private static func replacing(_ key: String, at place: Place, with mask: String, in text: String) -> String? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard !key.isEmpty, lines.indices.contains(place.line - 1) else { return nil }
        var scalars = Array(lines[place.line - 1].unicodeScalars)
        var start = place.column - 1
        if scalars.indices.contains(start), scalars[start] == "\"" || scalars[start] == "'" { start += 1 }
        let range = start..<(start + key.unicodeScalars.count)
        guard range.upperBound <= scalars.count, scalars[range].elementsEqual(key.unicodeScalars) else { return nil }
        scalars.replaceSubrange(range, with: mask.unicodeScalars)
        var line = String.UnicodeScalarView()
        line.append(contentsOf: scalars)
        lines[place.line - 1] = String(line)
        return lines.joined(separator: "\n")
    }

    private static func problem(_ error: any Error, file: String) -> ConfigurationProblem {
        let hint = "; look for a missing colon, quote or bracket, or a tab at the start of a line"
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let about = context.map { " \($0.text)" } ?? ""
            return ConfigurationProblem(
                file: file, line: mark.line, column: mark.column, message: "this is not YAML: \(problem)\(about)\(hint)"
            )
        default:
            return ConfigurationProblem(file: file, line: 0, column: 0, message: "this is not YAML: \(error)\(hint)")
        }
    }
}
