/// Why a launch or a secret was rejected.
public struct LaunchError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// A parameter that occurs twice.
        case repeatedParameter
        case missingParameter
        /// A value that is never valid: empty, with control characters, or not a number where one is required.
        case invalidParameter
        /// A value that exceeds its limit in `LaunchLimits`.
        case tooLong
        /// Forged or altered.
        case wrongSignature
        /// Signed by us, but for another portal.
        case wrongPortal
        case expired
        /// Valid for longer than `LaunchLimits.linkValidity`.
        case validTooLong
        /// A secret's file cannot be created, read or trusted.
        case secret
    }

    public var code: Code
    /// The parameter or file in question.
    public var subject: String?
    /// What happened and what to do next; suitable for learners.
    public var message: String

    public var description: String { message }

    /// What happened, without the advice for learners: for operators, who have other remedies.
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
