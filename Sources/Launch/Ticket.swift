import BrokerCore
import TLS

/// Who the portal's pages are talking to: the value of the portal's own cookie, set when a launch was verified.
///
/// It holds everything that it proves, so nothing is stored for it; it is good on the portal's hostname only, and never
/// opens a lab by itself.
public struct PortalTicket: Hashable, Sendable {
    public var learner: Learner
    /// Seconds since 1970; from then on the ticket is refused.
    public var expires: Int64

    static let purpose = "carrel portal ticket 1"

    public init(learner: Learner, expires: Int64) {
        self.learner = learner
        self.expires = expires
    }

    /// A ticket that holds for `LaunchLimits.ticketValidity` from now.
    public init(learner: Learner, now: Timestamp) {
        self.init(learner: learner, expires: (now + LaunchLimits.ticketValidity).milliseconds / 1000)
    }
}

/// The same for an instructor of one course: good for the pages of that course, and for nothing of a learner's.
public struct InstructorTicket: Hashable, Sendable {
    public var instructor: Instructor
    /// Seconds since 1970; from then on the ticket is refused.
    public var expires: Int64

    static let purpose = "carrel instructor ticket 1"

    public init(instructor: Instructor, expires: Int64) {
        self.instructor = instructor
        self.expires = expires
    }

    /// A ticket that holds for `LaunchLimits.ticketValidity` from now.
    public init(instructor: Instructor, now: Timestamp) {
        self.init(instructor: instructor, expires: (now + LaunchLimits.ticketValidity).milliseconds / 1000)
    }
}

/// Makes and checks portal tickets. Any thread.
public struct TicketSigner: Sendable {
    private let key: HMACKey

    public init(key: HMACKey) { self.key = key }

    /// The cookie's value: letters of base64url and one dot.
    public func text(for ticket: PortalTicket) -> String {
        let learner = ticket.learner
        return text([learner.portal, learner.id, learner.name], expires: ticket.expires, purpose: PortalTicket.purpose)
    }

    /// The cookie's value: letters of base64url and one dot.
    public func text(for ticket: InstructorTicket) -> String {
        let (course, instructor) = (ticket.instructor.course, ticket.instructor)
        return text(
            [course.portal, course.context, instructor.id, instructor.name], expires: ticket.expires,
            purpose: InstructorTicket.purpose)
    }

    /// - Parameter portal: the portal that was asked.
    public func verify(_ text: String, portal: String, now: Timestamp) throws(LaunchError) -> PortalTicket {
        let (fields, expires) = try open(text, count: 3, purpose: PortalTicket.purpose, portal: portal, now: now)
        return PortalTicket(learner: Learner(portal: fields[0], id: fields[1], name: fields[2]), expires: expires)
    }

    /// - Parameter portal: the portal that was asked.
    public func verifyInstructor(
        _ text: String, portal: String, now: Timestamp
    ) throws(LaunchError) -> InstructorTicket {
        let (fields, expires) = try open(text, count: 4, purpose: InstructorTicket.purpose, portal: portal, now: now)
        return InstructorTicket(
            instructor: Instructor(
                course: Course(portal: fields[0], context: fields[1]), id: fields[2], name: fields[3]),
            expires: expires)
    }

    private func text(_ fields: [String], expires: Int64, purpose: String) -> String {
        var canonical = CanonicalBytes(purpose: purpose)
        for field in fields { canonical.append(field) }
        canonical.append(String(expires))
        let code = key.authenticationCode(for: canonical.bytes)
        return Base64URL.encode(canonical.bytes) + "." + Base64URL.encode(code)
    }

    /// The fields of a ticket of that purpose but its end, the portal first.
    private func open(
        _ text: String, count: Int, purpose: String, portal: String, now: Timestamp
    ) throws(LaunchError) -> (fields: [String], expires: Int64) {
        if text.utf8.count > LaunchLimits.ticketLength {
            throw LaunchError(.tooLong, nil, "the portal's cookie is too long; \(LaunchError.askAgain)")
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let body = Base64URL.decode(parts[0]), let code = Base64URL.decode(parts[1]),
            constantTimeEqual(code, key.authenticationCode(for: body)),
            let fields = CanonicalBytes.fields(of: body, purpose: purpose), fields.count == count + 1
        else {
            throw LaunchError(.wrongSignature, nil, "the portal's cookie is not one of ours; \(LaunchError.askAgain)")
        }
        guard fields[0].utf8.elementsEqual(portal.utf8) else {
            throw LaunchError(.wrongPortal, nil, "the portal's cookie is another portal's; \(LaunchError.askAgain)")
        }
        let expires = try FieldRule.time(fields[count], name: "expires")
        if expires <= now.milliseconds / 1000 {
            throw LaunchError(.expired, nil, "your visit to this portal is over; \(LaunchError.askAgain)")
        }
        return (Array(fields.dropLast()), expires)
    }
}
