/// Everything that can be asked for. A new operation is a case here and a row in `Permissions`.
///
/// The raw value is its name among the scopes of an API token. Tokens are stored with these names, which therefore
/// never change.
public enum Operation: String, Hashable, Sendable, CaseIterable {
    // MARK: Labs

    /// Opens a lab of the catalogue: a new session, or the person's own. The resource names the course that the launch
    /// comes from, whose reserved seats it may get.
    case launchLab = "lab:launch"
    /// Enters the lab of one's own session.
    case enterLab = "lab:enter"
    /// Looks into the lab of somebody else's session. Each look is written down, and its learner sees it.
    case lookIntoLab = "lab:look"
    /// The catalogue, or a lab of it.
    case seeLabs = "lab:see"
    /// Pulls a lab's image on hosts ahead of time.
    case prepullLab = "lab:prepull"

    // MARK: Sessions

    /// A session's page, its status and its events.
    case seeSession = "session:see"
    /// The sessions of a course, of a portal or of all portals.
    case listSessions = "session:list"
    /// The story of a session and why it is in its state, in operators' words: they name hosts, and reservations of
    /// other portals.
    case explainSession = "session:explain"
    /// *Start again*, and *Resume* of a parked session.
    case restartSession = "session:restart"
    /// *Keep it*: defers the end of an idle session.
    case keepSession = "session:keep"
    /// *Leave the queue*.
    case leaveQueue = "session:leave"
    /// More time for a running session.
    case extendSession = "session:extend"
    /// Ends one's own session or another's, at once or after a notice.
    case endSession = "session:end"
    /// Takes an announced end back.
    case cancelEnd = "session:cancel-end"
    case parkSession = "session:park"

    // MARK: Reservations

    /// The reservations of a course, of a portal or of all, or one of them.
    case seeReservations = "reservation:see"
    /// Who came to a reservation, by name.
    case seeAttendance = "reservation:attendance"
    /// Reserves seats, for one time or for a series; a rehearsal, too.
    case reserveSeats = "reservation:make"
    /// Replaces the terms of a reservation, as an imported calendar does.
    case changeReservation = "reservation:change"
    /// Cancels a reservation, or its whole series.
    case cancelReservation = "reservation:cancel"
    /// A forecast of a lab's seats, which counts the seats of other portals.
    case seeCapacity = "capacity:see"

    // MARK: Calendar feeds

    /// Reads a portal's reservations as a calendar.
    case readFeed = "feed:read"
    /// The feeds that there are, without their secret addresses.
    case seeFeeds = "feed:see"
    case makeFeed = "feed:make"
    case revokeFeed = "feed:revoke"

    // MARK: Pools

    case seePools = "pool:see"
    /// Sets the sizes of a pool, or resets them to the configuration.
    case changePool = "pool:change"

    // MARK: Hosts

    /// The hosts with their sessions, and the rolling drain in progress.
    case seeHosts = "host:see"
    case addHost = "host:add"
    case changeHost = "host:change"
    case removeHost = "host:remove"
    case cordonHost = "host:cordon"
    /// Ends a cordon or a drain.
    case uncordonHost = "host:uncordon"
    /// Drains a host, or several in sequence.
    case drainHost = "host:drain"
    case declareHostLost = "host:lost"

    // MARK: Portals

    /// A portal with its use and its quotas, or all of them.
    case seePortals = "portal:see"
    case addPortal = "portal:add"
    case changePortal = "portal:change"
    case removePortal = "portal:remove"

    // MARK: Ways in, and their ends

    /// A signed link for a learner: whoever has it is that learner.
    case makeLearnerLink = "link:learner"
    /// A signed link to the page of a course, for its instructor.
    case makeInstructorLink = "link:instructor"
    /// Ends one visit of a person.
    case signOut = "ticket:sign-out"
    /// Ends all visits of a person.
    case revokePerson = "ticket:revoke-person"
    /// Ends all visits to a portal.
    case revokePortal = "ticket:revoke-portal"

    // MARK: The broker

    case seeStatus = "broker:status"
    case readMetrics = "broker:metrics"
    /// Reads the configuration again.
    case reload = "broker:reload"
    /// Copies the broker's memory, with the keys that sign links and tickets.
    case backup = "broker:backup"
}
