/// The store's named limits.
public enum StoreLimits {
    /// Browsers that hold a key to one session at the same time; the oldest key goes when another comes.
    public static let grantsPerSession = 16
    /// How long a transaction waits for another connection before it fails with `StoreError.Code.busy`.
    public static let busyTimeout = Duration.seconds(5)
    /// Connections that read at the same time as the writer writes.
    public static let readers = 2
    /// The write-ahead log is cut back to this size after a checkpoint, in bytes.
    public static let logBytes = 16 << 20
    /// The most sessions that one list returns.
    public static let listLength = 10_000
    /// The most lines of a story that one call returns; the newest are kept.
    public static let storyLength = 10_000
    /// Pages that a backup copies at a time.
    static let backupPages: CInt = 4096
    /// Problems of one kind that a check names.
    static let integrityProblems = 100
    /// Keys that a backup takes up, and the bytes of one.
    static let keys = 64
    static let keyBytes = 64 * 1024
}
