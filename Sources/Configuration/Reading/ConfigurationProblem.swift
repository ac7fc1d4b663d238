/// One mistake in a configuration file, and its position.
public struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// From 1; 0 if the problem has no position in the file.
    public var line: Int
    /// From 1, in Unicode scalars; 0 if only the line is known.
    public var column: Int
    /// What the file has and what would be right.
    public var message: String

    public init(file: String, line: Int, column: Int, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    /// `FILE:LINE:COLUMN: MESSAGE`, a format that editors can jump to.
    public var description: String {
        if line == 0 { return "\(file): \(message)" }
        if column == 0 { return "\(file):\(line): \(message)" }
        return "\(file):\(line):\(column): \(message)"
    }
}

/// All mistakes in a configuration file, in the order of its lines. Never empty.
public struct InvalidConfiguration: Error, Hashable, Sendable, CustomStringConvertible {
    public var problems: [ConfigurationProblem]

    public init(problems: [ConfigurationProblem]) { self.problems = problems }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
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

    /// Throws if there is a problem, here or in one of the other files.
    func finish(with others: [ProblemCollector] = []) throws(InvalidConfiguration) {
        let all = ([self] + others).flatMap(\.sorted)
        if !all.isEmpty { throw InvalidConfiguration(problems: all) }
    }

    private var sorted: [ConfigurationProblem] {
        problems.enumerated().sorted {
            ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
        }.map(\.element)
    }
}

/// A place in the file: line and column, both from 1.
struct Place: Hashable, Sendable {
    var line: Int
    var column: Int
}
