/// Why a link, a ticket or a secret was refused.
public struct LaunchError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// A parameter twice.
        case repeatedParameter
        case missingParameter
        /// A value that can never be right: empty, with control characters, no number where one belongs.
        case invalidParameter
        /// A value beyond its limit in `LaunchLimits`.
        case tooLong
        /// Forged or altered.
        case wrongSignature
        /// Signed by us, for another portal.
        case wrongPortal
        case expired
        /// Valid for longer than `LaunchLimits.linkValidity`.
        case validTooLong
        /// A secret's file cannot be made, read or trusted.
        case secret
    }

    public var code: Code
    /// The parameter or file in question.
    public var subject: String?
    /// What happened and what to do next; for learners too.
    public var message: String

    public var description: String { message }

    /// What happened, without the learner's way out: for operators, who have another.
    public var cause: String {
        let remedy = "; \(Self.askAgain)"
        return message.hasSuffix(remedy) ? String(message.dropLast(remedy.count)) : message
    }

    init(_ code: Code, _ subject: String? = nil, _ message: String) {
        self.code = code
        self.subject = subject
        self.message = message
    }

    static let askAgain = "go back to your course and open the lab from there, or ask for a new link"
}
