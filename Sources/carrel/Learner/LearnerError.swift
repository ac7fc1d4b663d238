/// Why a learner did not get what they clicked for.
struct LearnerError: Error, Hashable, Sendable, CustomStringConvertible {
    enum Code: String, Hashable, Sendable {
        /// The portal or lab could not be reached, or did not answer in time.
        case unreachable
        /// It answered something else than was hoped for.
        case refused
        /// The session failed or ended before it could be used.
        case session
        /// The lab's kernel did not do its work.
        case kernel
    }

    var code: Code
    /// The answer's status, when there was one.
    var status: Int?
    var message: String

    init(_ code: Code, status: Int? = nil, _ message: String) {
        self.code = code
        self.status = status
        self.message = message
    }

    var description: String { message }
}

/// The learner's named limits.
enum LearnerLimits {
    static let redirects = 20
    /// For one answer; a kernel's start and a first page can take long on a busy host.
    static let answerTimeout = Duration.seconds(60)
    /// Bytes of a page or a JSON answer.
    static let answerBytes = 16 << 20
    /// Bytes of a downloaded file.
    static let downloadBytes = 2 << 30
    /// From the click until the lab is running.
    static let startTimeout = Duration.seconds(300)
    /// From the end of a stream of events until it is opened again.
    static let reconnectDelay = Duration.milliseconds(100)
    /// From sending code until its last output.
    static let runTimeout = Duration.seconds(120)
    /// Bytes of one part of an upload, as JupyterLab cuts it.
    static let uploadPart = 1 << 20
}
