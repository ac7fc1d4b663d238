import Configuration

/// The result of checking a configuration and its environment.
struct PreflightFindings: Hashable, Sendable {
    /// `carrel serve` would fail to start, or launches would fail.
    var problems: [ConfigurationProblem] = []
    /// Not a failure yet, or not one that shows from here.
    var advice: [ConfigurationProblem] = []

    static func + (a: PreflightFindings, b: PreflightFindings) -> PreflightFindings {
        PreflightFindings(problems: a.problems + b.problems, advice: a.advice + b.advice)
    }

    static func += (a: inout PreflightFindings, b: PreflightFindings) { a = a + b }

    /// In the order of the file's lines.
    var sorted: PreflightFindings {
        func inOrder(_ list: [ConfigurationProblem]) -> [ConfigurationProblem] {
            list.sorted { ($0.line, $0.message) < ($1.line, $1.message) }
        }
        return PreflightFindings(problems: inOrder(problems), advice: inOrder(advice))
    }
}
