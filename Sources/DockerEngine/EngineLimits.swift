/// Named limits of the engine client. An engine on a busy host takes seconds for what takes milliseconds elsewhere.
public enum EngineLimits {
    /// `/_ping`, `/info`, lists and inspections.
    public static let questionTimeout = Duration.seconds(10)
    /// `POST /containers/create`, `/networks/create`, `/volumes/create`.
    public static let createTimeout = Duration.seconds(30)
    public static let startTimeout = Duration.seconds(60)
    /// Beyond the grace that the container itself is given.
    public static let stopTimeout = Duration.seconds(30)
    public static let removeTimeout = Duration.seconds(60)
    /// An answer in one piece; a list of 1,000 containers takes about 2 MB.
    public static let answerBytes = 16 << 20
    /// One line of the event stream.
    public static let eventLineBytes = 1 << 20
    /// Log output that is kept of one container: 2 files of this size.
    public static let containerLogSize = "10m"
    public static let containerLogFiles = "2"
}
