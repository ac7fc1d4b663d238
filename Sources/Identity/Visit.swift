/// One visit of a person to a portal, from the first launch to the sign-out. What a visit has opened is closed when it is
/// revoked.
public struct Visit: Hashable, Sendable, Codable {
    public let person: Person
    /// `TicketClaims.visit`.
    public let id: String
    /// `Revocations.generation` when its ticket was made.
    public let generation: Int64

    /// The visit of a ticket that has just been admitted.
    public init(_ ticket: TicketClaims) {
        person = ticket.person
        id = ticket.visit
        generation = ticket.generation
    }
}
