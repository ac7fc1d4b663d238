import Broker

/// What `POST /v1/reload` answers: what has changed, or why nothing has.
public struct APIReload: Hashable, Sendable, Codable {
    /// A line for each host, lab and certificate that is not as it was; none if everything is.
    public var changes: [String]
    /// Keys of the file whose new values wait for the next start.
    public var waiting: [String]
    /// Reservations in wall time that are at other moments, because the rules of their time zones have changed.
    public var retimed: [RetimedReservation]
    /// The release of the time zones.
    public var zones: String
    /// Why nothing was taken over, with the file's lines; then nothing was changed.
    public var problem: String?

    public init(
        changes: [String] = [], waiting: [String] = [], retimed: [RetimedReservation] = [], zones: String,
        problem: String? = nil
    ) {
        self.changes = changes
        self.waiting = waiting
        self.retimed = retimed
        self.zones = zones
        self.problem = problem
    }
}
