import Identity

/// Why the driver around the core refused a request before it asked the core, or after.
public enum DriverRefusal: Hashable, Sendable {
    case stopping
    /// As many requests are waiting as may.
    case busy
    /// The request's name for a session is no session's.
    case unknownSessionPrefix(String)
    case severalSessions(prefix: String)
    case unknownPortal(PortalID)
    case unknownLabName(String)
    case severalLabs(String, portals: [PortalID])
    /// Neither a present reservation nor an earlier one.
    case unknownReservation(ReservationID)
    case noSeries(ReservationID)
    case unknownFeed(String)
    case feedLimit(Int)
    case engineSilent(host: String, message: String)
    case badEndpoint(String)
    /// A lab's image is of no use on a host that could never serve the lab.
    case hostNeverServes(host: String, lab: String)
    case hostSilent(String)
    case pullLimit(Int, host: String)
    /// The one-time code was used before, or is too old.
    case badCode
}
