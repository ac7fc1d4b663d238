/// The named limits of the engine client. An engine on a busy host takes seconds for what takes milliseconds elsewhere.
public enum EngineLimits {
    /// `/_ping`, `/version`, `/info`, lists and inspections; for the event stream, until the response head has arrived.
    public static let questionTimeout = Duration.seconds(10)
    /// `GET /containers/ID/stats`: an engine that does not answer soon is measured at another time.
    public static let statsTimeout = Duration.seconds(5)
    /// `POST /containers/create`, `/networks/create`, `/volumes/create`.
    public static let createTimeout = Duration.seconds(30)
    public static let startTimeout = Duration.seconds(60)
    /// On top of the container's own stop grace.
    public static let stopTimeout = Duration.seconds(30)
    public static let removeTimeout = Duration.seconds(60)
    /// Processes of a helper, which is one small program that starts no other.
    static let helperProcesses = 16
    static let helperMemory: Int64 = 32 << 20
    /// The out-of-memory score of a helper on which labs depend; -1000 would exempt it from the kernel's killer
    /// entirely.
    static let helperOutOfMemoryScore = -999
    /// Lines of output that are kept of a helper run to its end; further ones are lost.
    static let helperLines = 1000
    /// `POST /images/load`, of less than 1 MB.
    public static let loadTimeout = Duration.seconds(60)
    /// Until a pull reports its first progress: the engine contacts the registry first.
    public static let pullAnswerTimeout = Duration.seconds(60)
    /// Layers that are tracked per pull; an image has at most 127.
    static let pullLayers = 256
    /// A response body that is buffered whole; a list of 1,000 containers takes about 2 MB.
    public static let answerBytes = 16 << 20
    /// One line of the event stream.
    public static let eventLineBytes = 1 << 20
    /// Bytes of an engine's error response that are included in our message.
    static let refusalBytes = 500
    /// The default size of `/dev/shm`, which is also the engine's default.
    public static let sharedMemory: Int64 = 64 << 20
    /// Log output kept per container: 2 files of this size.
    public static let containerLogSize = "10m"
    public static let containerLogFiles = "2"
    /// How long a container may take to end by itself if the stop request does not say.
    public static let containerStopTimeout = Duration.seconds(10)
}
