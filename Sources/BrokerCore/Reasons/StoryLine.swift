/// A new line of a session's story, before it is put into words.
public struct StoryLine: Hashable, Sendable {
    public var session: SessionID
    public var at: Timestamp
    public var epoch: Int
    /// As in `StoryEntry.state`.
    public var state: String
    public var host: String?
    public var reason: StoryReason

    public init(session: SessionID, at: Timestamp, epoch: Int, state: String, host: String?, reason: StoryReason) {
        self.session = session
        self.at = at
        self.epoch = epoch
        self.state = state
        self.host = host
        self.reason = reason
    }
}
