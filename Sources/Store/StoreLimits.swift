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
    /// Files of up to this many bytes are checked whenever they are opened. It takes some 10 ms for each megabyte, so that a
    /// process that takes over is ready well within the 30 s for which the other one waits; a larger file is for
    /// `carrel integrity` to check, beside the broker.
    static let checkedBytes: Int64 = 1 << 30
    /// Kinds of damage that the refusal of a file names.
    static let startProblems = 3
    /// Pages that a backup copies at a time.
    static let backupPages: CInt = 4096
    /// Problems of one kind that a check names.
    static let integrityProblems = 100
    /// Keys that a backup takes up, and the bytes of one.
    static let keys = 64
    static let keyBytes = 64 * 1024
}
