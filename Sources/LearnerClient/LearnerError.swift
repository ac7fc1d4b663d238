/// Why a learner did not get into the lab that they clicked.
public struct LearnerError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        /// The portal or lab could not be reached, or did not answer in time.
        case unreachable
        /// The answer was not the expected one.
        case refused
        /// The session failed or ended before it could be used.
        case session
        /// The lab's kernel failed.
        case kernel
    }

    public var code: Code
    /// The answer's status, if there was one.
    public var status: Int?
    public var message: String

    public init(_ code: Code, status: Int? = nil, _ message: String) {
        self.code = code
        self.status = status
        self.message = message
    }

    public var description: String { message }
}

/// The named limits of `LearnerClient`.
public enum LearnerLimits {
    static let redirects = 20
    /// The timeout of one answer; a kernel's start and a first page can take long on a busy host.
    static let answerTimeout = Duration.seconds(60)
    /// Bytes of a page or a JSON answer.
    static let answerBytes = 16 << 20
    /// Bytes of a downloaded file.
    static let downloadBytes = 2 << 30
    /// From the click until the lab runs.
    public static let startTimeout = Duration.seconds(300)
    /// From the end of an event stream until it is reopened.
    static let reconnectDelay = Duration.milliseconds(100)
    /// From sending code until its last output.
    public static let runTimeout = Duration.seconds(120)
    /// Bytes of one part of an upload, the same as JupyterLab's.
    static let uploadPart = 1 << 20
}
