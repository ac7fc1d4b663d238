/// What a look at a configuration and its surroundings found.
struct PreflightFindings: Hashable, Sendable {
    /// `carrel serve` would die of it, or launches would fail.
    var problems: [ConfigurationProblem] = []
    /// Nothing fails of it yet, or not as seen from here.
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
