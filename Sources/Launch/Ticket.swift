import BrokerCore
import TLS

/// Who can have a ticket. One kind is never taken for another: each is signed for a purpose of its own.
public protocol TicketHolder: Hashable, Sendable {
    static var ticketPurpose: String { get }
    static var ticketFieldCount: Int { get }
    /// The portal's name comes first.
    var ticketFields: [String] { get }
    /// - Parameter ticketFields: as many as there have to be.
    init(ticketFields: [String])
}

/// Who the portal's pages are talking to: the value of a cookie of the portal's own, set when a link was verified.
///
/// It holds everything that it proves, so nothing is stored for it; it is good on the portal's hostname only, and never
/// opens a lab by itself.
public struct Ticket<Holder: TicketHolder>: Hashable, Sendable {
    public var holder: Holder
    /// Seconds since 1970; from then on the ticket is refused.
    public var expires: Int64

    public init(_ holder: Holder, expires: Int64) {
        self.holder = holder
        self.expires = expires
    }

    /// A ticket that holds for `LaunchLimits.ticketValidity` from now.
    public init(_ holder: Holder, now: Timestamp) {
        self.init(holder, expires: (now + LaunchLimits.ticketValidity).milliseconds / 1000)
    }
}

/// A learner's: good for the pages of their own sessions.
public typealias PortalTicket = Ticket<Learner>

/// An instructor's: good for the pages of one course, and for nothing of a learner's.
public typealias InstructorTicket = Ticket<Instructor>

extension Learner: TicketHolder {
    public static let ticketPurpose = "carrel portal ticket 1"
    public static let ticketFieldCount = 3
    public var ticketFields: [String] { [portal, id, name] }
    public init(ticketFields fields: [String]) { self.init(portal: fields[0], id: fields[1], name: fields[2]) }
}

extension Instructor: TicketHolder {
    public static let ticketPurpose = "carrel instructor ticket 1"
    public static let ticketFieldCount = 4
    public var ticketFields: [String] { [course.portal, course.context, id, name] }
    public init(ticketFields fields: [String]) {
        self.init(course: Course(portal: fields[0], context: fields[1]), id: fields[2], name: fields[3])
    }
}

/// Makes and checks tickets. Any thread.
public struct TicketSigner: Sendable {
    private let key: HMACKey

    public init(key: HMACKey) { self.key = key }

    /// The cookie's value: letters of base64url and one dot.
    public func text<Holder>(for ticket: Ticket<Holder>) -> String {
        var canonical = CanonicalBytes(purpose: Holder.ticketPurpose)
        for field in ticket.holder.ticketFields { canonical.append(field) }
        canonical.append(String(ticket.expires))
        let code = key.authenticationCode(for: canonical.bytes)
        return Base64URL.encode(canonical.bytes) + "." + Base64URL.encode(code)
    }

    /// - Parameters:
    ///   - kind: whose ticket it has to be.
    ///   - portal: the portal that was asked.
    public func verify<Holder>(
        _ text: String, as kind: Ticket<Holder>.Type, portal: String, now: Timestamp
    ) throws(LaunchError) -> Ticket<Holder> {
        if text.utf8.count > LaunchLimits.ticketLength {
            throw LaunchError(.tooLong, nil, "the portal's cookie is too long; \(LaunchError.askAgain)")
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let body = Base64URL.decode(parts[0]), let code = Base64URL.decode(parts[1]),
            constantTimeEqual(code, key.authenticationCode(for: body)),
            let fields = CanonicalBytes.fields(of: body, purpose: Holder.ticketPurpose),
            fields.count == Holder.ticketFieldCount + 1
        else {
            throw LaunchError(.wrongSignature, nil, "the portal's cookie is not one of ours; \(LaunchError.askAgain)")
        }
        guard fields[0].utf8.elementsEqual(portal.utf8) else {
            throw LaunchError(.wrongPortal, nil, "the portal's cookie is another portal's; \(LaunchError.askAgain)")
        }
        let expires = try FieldRule.time(fields[Holder.ticketFieldCount], name: "expires")
        if expires <= now.milliseconds / 1000 {
            throw LaunchError(.expired, nil, "your visit to this portal is over; \(LaunchError.askAgain)")
        }
        return Ticket(Holder(ticketFields: Array(fields.dropLast())), expires: expires)
    }
}
