/// Named limits of the engine client. An engine on a busy host takes seconds for what takes milliseconds elsewhere.
public enum EngineLimits {
    /// `/_ping`, `/version`, `/info`, lists and inspections; for the event stream, until its head has come.
    public static let questionTimeout = Duration.seconds(10)
    /// `GET /containers/ID/stats`: who does not answer soon is measured another time.
    public static let statsTimeout = Duration.seconds(5)
    /// `POST /containers/create`, `/networks/create`, `/volumes/create`.
    public static let createTimeout = Duration.seconds(30)
    public static let startTimeout = Duration.seconds(60)
    /// Beyond the grace that the container itself is given.
    public static let stopTimeout = Duration.seconds(30)
    public static let removeTimeout = Duration.seconds(60)
    /// Of a helper: it is one small program that starts no other.
    static let helperProcesses = 16
    static let helperMemory: Int64 = 32 << 20
    /// Of a helper on which labs depend; -1000 would forbid the kernel to end it at all.
    static let helperOutOfMemoryScore = -999
    /// Lines that a helper may write when it is run to its end; further ones are lost.
    static let helperLines = 1000
    /// `POST /images/load`, less than 1 MB.
    public static let loadTimeout = Duration.seconds(60)
    /// Until a pull begins to tell: the engine asks the registry first.
    public static let pullAnswerTimeout = Duration.seconds(60)
    /// Layers of one pull that are told apart; an image has at most 127.
    static let pullLayers = 256
    /// An answer in one piece; a list of 1,000 containers takes about 2 MB.
    public static let answerBytes = 16 << 20
    /// One line of the event stream.
    public static let eventLineBytes = 1 << 20
    /// Of what an engine says in a refusal, bytes that go into our message.
    static let refusalBytes = 500
    /// Of `/dev/shm` where nobody says anything else; what the engine gives, too.
    public static let sharedMemory: Int64 = 64 << 20
    /// Log output that is kept of one container: 2 files of this size.
    public static let containerLogSize = "10m"
    public static let containerLogFiles = "2"
    /// What a container is given to end by itself where whoever stops it says nothing else.
    public static let containerStopTimeout = Duration.seconds(10)
}
