/// One mistake in a configuration file, and its position.
struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    var file: String
    /// From 1; 0 if the problem has no position in the file.
    var line: Int
    /// From 1, in Unicode scalars; 0 if only the line is known.
    var column: Int
    /// What the file has and what would be right.
    var message: String

    /// `FILE:LINE:COLUMN: MESSAGE`, a format that editors can jump to.
    var description: String {
        if line == 0 { return "\(file): \(message)" }
        if column == 0 { return "\(file):\(line): \(message)" }
        return "\(file):\(line):\(column): \(message)"
    }
}

/// All mistakes in a configuration file, in the order of its lines. Never empty.
struct InvalidConfiguration: Error, Hashable, Sendable, CustomStringConvertible {
    var problems: [ConfigurationProblem]

    var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Collects the problems of one file while reading continues, so that an operator can fix them all at once.
final class ProblemCollector {
    let file: String
    private(set) var problems: [ConfigurationProblem] = []

    init(file: String) { self.file = file }

    func add(_ place: Place, _ message: String) {
        let problem = ConfigurationProblem(file: file, line: place.line, column: place.column, message: message)
        // A node that is read through two aliases would be reported twice.
        if !problems.contains(problem) { problems.append(problem) }
    }

    /// Throws if there is a problem.
    func finish() throws(InvalidConfiguration) {
        if problems.isEmpty { return }
        throw InvalidConfiguration(
            problems: problems.enumerated().sorted {
                ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
            }.map(\.element))
    }
}

/// A place in the file: line and column, both from 1.
struct Place: Hashable, Sendable {
    var line: Int
    var column: Int
}
