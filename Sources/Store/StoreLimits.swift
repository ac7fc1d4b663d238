/// The store's named limits.
public enum StoreLimits {
    /// Browsers with a grant to the same session; a further one replaces the oldest.
    public static let grantsPerSession = 16
    /// How long a transaction waits for another connection's lock before it fails with `StoreError.Code.busy`.
    public static let busyTimeout = Duration.seconds(5)
    /// Reader connections that run concurrently with the writer.
    public static let readers = 2
    /// Bytes to which the write-ahead log is truncated after a checkpoint.
    public static let logBytes = 16 << 20
    /// Maximum number of sessions in one list.
    public static let listLength = 10_000
    /// Maximum number of a story's lines that one call returns, the newest ones.
    public static let storyLength = 10_000
    /// Files up to this size, in bytes, are checked whenever they are opened. The check takes about 10 ms per megabyte,
    /// so that a process that takes over is ready well within the 30 s for which the other one waits. Larger files are
    /// left to `carrel integrity`, which runs beside the broker.
    static let checkedBytes: Int64 = 1 << 30
    /// Kinds of damage that the rejection of a file reports.
    static let startProblems = 3
    /// Pages that a backup copies per step.
    static let backupPages: CInt = 4096
    /// Problems of one kind that a check reports.
    static let integrityProblems = 100
    /// Maximum number of keys in a backup, and of bytes in one key.
    static let keys = 64
    static let keyBytes = 64 * 1024
    /// Maximum number of added portals in a backup, and of bytes in the file of one.
    static let savedPortals = 1_000
    static let savedPortalBytes = 1 << 20
}
