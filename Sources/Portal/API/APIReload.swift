import Broker

/// The answer to `POST /v1/reload`: what has changed, or why nothing has.
public struct APIReload: Hashable, Sendable, Codable {
    /// A line for each host, lab and certificate that has changed; empty if none has.
    public var changes: [String]
    /// Keys of the file whose new values take effect at the next start.
    public var waiting: [String]
    /// Reservations in wall time that have moved, because the rules of their time zones have changed.
    public var retimed: [RetimedReservation]
    /// The release of the time zone database.
    public var zones: String
    /// Why the file was rejected, with its lines; nothing was changed then.
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
