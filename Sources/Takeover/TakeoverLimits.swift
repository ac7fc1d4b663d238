/// The named limits of a takeover between two processes.
public enum TakeoverLimits {
    /// The version that both processes must share; raised when a message changes its meaning.
    static let protocolVersion = 1
    /// How long one process waits for the next step of the other before it abandons the takeover without effect. One of
    /// the steps is reading the broker's database.
    static let stepTimeout = Duration.seconds(30)
    /// How long a process that has connected may take to send its first message; one that takes over sends it
    /// immediately.
    public static let helloTimeout = Duration.seconds(5)
    /// How long requests that arrived on a Unix socket before the handover may take to be answered.
    public static let socketTimeout = Duration.seconds(5)
    /// Sessions in one activity message; each takes about 60 bytes.
    static let sessionsPerMessage = 500
    /// Bytes of the state that one process sends to the other, in addition to its sockets.
    static let stateBytes = 64 << 20
}
