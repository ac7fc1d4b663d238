/// What a ticket says: who somebody is, and which roles they have until when. A ticket is the one cookie with which a
/// portal recognizes people.
///
/// Times are seconds since 1970. It is decoded from a payload whose signature has been verified, and becomes `Claims`
/// by `Revocations.admit`.
public struct TicketClaims: Hashable, Sendable {
    /// A role in a course, as a launch from the course gave it.
    public struct CourseClaim: Hashable, Sendable {
        public var role: CourseRole
        /// The role is gone from then on, even if a later launch has prolonged the ticket.
        public var until: Int64

        public init(role: CourseRole, until: Int64) {
            self.role = role
            self.until = until
        }
    }

    public var person: Person
    /// See `Claims.name`.
    public var name: String?
    /// By context.
    public var courses: [String: CourseClaim]
    /// `nil` for whoever is no administrator of the portal.
    public var administratorUntil: Int64?
    public var issued: Int64
    /// The ticket is refused from then on.
    public var expires: Int64
    /// `Revocations.generation` when the ticket was made.
    public var generation: Int64
    /// The visit, from the first launch to the sign-out: random, of letters, digits, `-` and `_`.
    public var visit: String

    /// The ticket of a launch, which is valid for `IdentityLimits.ticketSeconds`.
    ///
    /// - Parameter visit: a fresh random identifier, of at most `IdentityLimits.visitLength` characters.
    public init(_ claims: Claims, issued: Int64, generation: Int64, visit: String) {
        let end = issued + IdentityLimits.ticketSeconds
        self.init(
            person: claims.person, name: claims.name,
            courses: claims.courses.mapValues { CourseClaim(role: $0, until: end) },
            administratorUntil: claims.portalRole == .administrator ? end : nil, issued: issued, expires: end,
            generation: generation, visit: visit)
    }

    init(
        person: Person, name: String?, courses: [String: CourseClaim], administratorUntil: Int64?, issued: Int64,
        expires: Int64, generation: Int64, visit: String
    ) {
        self.person = person
        self.name = name
        self.courses = courses
        self.administratorUntil = administratorUntil
        self.issued = issued
        self.expires = expires
        self.generation = generation
        self.visit = visit
    }

    /// The ticket of a new launch in a browser that has one already: the same visit, with the earlier roles for as long
    /// as they were given. Where both name a course, the new launch decides.
    ///
    /// If the ticket would exceed its limits, the roles that end first are left out.
    ///
    /// - Parameter earlier: a ticket that has just been admitted. Another person's is ignored.
    public func continuing(_ earlier: TicketClaims) -> TicketClaims {
        guard earlier.person == person else { return self }
        var joined = self
        joined.visit = earlier.visit
        if administratorUntil == nil, let until = earlier.administratorUntil, until > issued {
            joined.administratorUntil = min(until, expires)
        }
        let kept = earlier.courses.filter { $0.value.until > issued && courses[$0.key] == nil }
        for (context, claim) in kept.sorted(by: { ($1.value.until, $0.key) < ($0.value.until, $1.key) }) {
            var longer = joined
            longer.courses[context] = CourseClaim(role: claim.role, until: min(claim.until, expires))
            guard (try? longer.payload()) != nil else { break }
            joined = longer
        }
        return joined
    }

    /// The person, with the roles that have not ended yet.
    func claims(at now: Int64) -> Claims {
        Claims(
            person: person, name: name, courses: courses.filter { now < $0.value.until }.mapValues(\.role),
            portalRole: administratorUntil.map { now < $0 } ?? false ? .administrator : .member)
    }
}
