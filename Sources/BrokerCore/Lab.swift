import Identity

/// The kind of program in a lab, as far as the broker and the edge need to know it.
public enum LabKind: String, Sendable, Codable, CaseIterable {
    case jupyter, rstudio, http
}

/// What a lab's container may reach outside its host.
public enum Egress: String, Sendable, Codable, CaseIterable {
    case none, allow
}

/// What happens to the files in a lab's home.
public enum LabFiles: String, Sendable, Codable, CaseIterable {
    /// They belong to the learner, are shared by all their labs, and persist.
    case home
    /// They are deleted with the container.
    case none
}

/// A catalogue entry: everything the core must know to place, time and end a session of this lab.
public struct Lab: Hashable, Sendable {
    /// Its portal, and its name in that portal's catalogue: lower-case letters, digits and hyphens, 1–63 characters.
    public var key: LabKey
    /// The title that learners read; free text.
    public var title: String
    public var kind: LabKind
    /// The Docker image reference. The image must be present on a host before a session starts there.
    public var image: String
    /// The container's hard memory limit and the seat's memory, in bytes.
    public var memoryBytes: Int64
    /// The size of `/dev/shm`, in bytes. Its contents count towards the container's memory.
    public var sharedMemoryBytes: Int64
    /// CPU share of the container, in CPUs (0.5 is half a CPU).
    public var cpus: Double
    /// The maximum number of processes and threads in the container.
    public var processLimit: Int
    /// A session without activity for this long ends.
    public var idleTimeout: Duration
    /// How long before a session ends for idleness or age its learner is warned; zero for no warning.
    public var idleWarning: Duration
    /// How long a session that would end for idleness is parked instead, if its files persist; zero to end it.
    public var parksFor: Duration
    /// A session's run ends this long after it became ready, busy or not, unless it is extended.
    public var maximumLifetime: Duration
    /// A started container whose lab is not ready after this time has failed to start.
    public var readyTimeout: Duration
    public var egress: Egress
    /// The TCP port on which the lab listens inside its container.
    public var port: Int
    /// The learner's home inside the container.
    public var homePath: String
    /// The numeric user and group that the lab runs as, which own the home.
    public var userID: Int
    public var groupID: Int
    /// Additional environment of the container; never secrets.
    public var environment: [String: String]
    public var files: LabFiles
    /// Labels that a host must have for this lab to be placed there.
    public var requires: [String: String]

    public init(
        key: LabKey, title: String, kind: LabKind, image: String, memoryBytes: Int64, cpus: Double,
        processLimit: Int, idleTimeout: Duration, maximumLifetime: Duration, readyTimeout: Duration,
        egress: Egress, port: Int, homePath: String, userID: Int, groupID: Int, environment: [String: String] = [:],
        idleWarning: Duration = .zero, parksFor: Duration = .zero, files: LabFiles = .home,
        requires: [String: String] = [:], sharedMemoryBytes: Int64? = nil
    ) {
        self.key = key
        self.title = title
        self.kind = kind
        self.image = image
        self.memoryBytes = memoryBytes
        self.sharedMemoryBytes = sharedMemoryBytes ?? memoryBytes / 2
        self.cpus = cpus
        self.processLimit = processLimit
        self.idleTimeout = idleTimeout
        self.idleWarning = idleWarning
        self.parksFor = parksFor
        self.maximumLifetime = maximumLifetime
        self.readyTimeout = readyTimeout
        self.egress = egress
        self.port = port
        self.homePath = homePath
        self.userID = userID
        self.groupID = groupID
        self.environment = environment
        self.files = files
        self.requires = requires
    }

    /// Its name in its portal's catalogue.
    public var name: String { key.name }
}
