import BrokerCore

/// The watchers of each session. Confined to the control loop by its owner.
struct Watchers {
    private var streams: [SessionID: [UInt64: AsyncStream<SessionView>.Continuation]] = [:]
    private var lastID: UInt64 = 0

    var sessions: some Collection<SessionID> { streams.keys }

    mutating func add(_ session: SessionID, _ continuation: AsyncStream<SessionView>.Continuation) -> UInt64 {
        lastID += 1
        streams[session, default: [:]][lastID] = continuation
        return lastID
    }

    mutating func remove(_ session: SessionID, _ id: UInt64) {
        streams[session]?[id] = nil
        if streams[session]?.isEmpty == true { streams[session] = nil }
    }

    func has(_ session: SessionID) -> Bool { streams[session] != nil }

    func tell(_ view: SessionView) {
        for continuation in streams[view.id, default: [:]].values { continuation.yield(view) }
    }

    /// Ends the streams of this session.
    mutating func finish(_ session: SessionID) {
        for continuation in (streams.removeValue(forKey: session) ?? [:]).values { continuation.finish() }
    }

    mutating func finishAll() {
        for continuations in streams.values { for continuation in continuations.values { continuation.finish() } }
        streams = [:]
    }
}
