/// Named limits of one process taking over from another.
enum TakeoverLimits {
    /// What the two processes must agree on; raised when a message changes its meaning.
    static let protocolVersion = 1
    /// How long one process waits for the next step of the other, before it gives up and nothing has changed. A broker
    /// reads its database in one of them.
    static let stepTimeout = Duration.seconds(30)
    /// How long a process that has connected may take to say what it wants: a process that takes over says it at once.
    static let helloTimeout = Duration.seconds(5)
    /// How long requests and WebSockets may go on in the old process, unless the configuration says otherwise.
    static let grace = Duration.seconds(300)
    /// How long what came by a Unix socket before it was handed over may take to be answered.
    static let socketTimeout = Duration.seconds(5)
    /// Sessions of one message about activity: each takes some 60 bytes.
    static let sessionsPerMessage = 500
    /// Bytes of what one process tells the other, beside its sockets.
    static let stateBytes = 64 << 20
}
