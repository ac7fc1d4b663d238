/// Why a ticket is refused, or cannot be made.
public enum TicketFault: Error, Hashable, Sendable {
    /// It exceeds `IdentityLimits.ticketPayload` or `ticketCourses`.
    case tooLong
    /// Written by another version.
    case unknownVersion
    /// Not in the one form that a ticket with these values has.
    case malformed
    /// The field with this name has a value that is never valid.
    case badField(String)
    /// Of another portal than the one that received it.
    case wrongPortal
    /// From the future: the clock has been set back since, or the memory of revocations is older than the ticket.
    case notYetValid
    case expired
    /// By a sign-out, or with all tickets of its person or portal.
    case revoked
}
