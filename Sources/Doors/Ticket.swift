import BrokerCore
import Identity
import TLS

/// The holder of a ticket. Kinds cannot be confused: each is signed for its own purpose.
public protocol TicketHolder: Hashable, Sendable {
    static var ticketPurpose: String { get }
    static var ticketFieldCount: Int { get }
    /// The portal's name must be the first field.
    var ticketFields: [String] { get }
    /// - Parameter ticketFields: the required number of fields.
    init(ticketFields: [String])
}

/// The identity of a user of the portal's pages: the value of a cookie on the portal's hostname, set after a link was
/// verified.
///
/// It is self-contained, so the server stores nothing for it; it is valid only on the portal's hostname, and never
/// opens a lab by itself.
public struct Ticket<Holder: TicketHolder>: Hashable, Sendable {
    public var holder: Holder
    /// Seconds since 1970; the ticket is rejected from then on.
    public var expires: Int64

    public init(_ holder: Holder, expires: Int64) {
        self.holder = holder
        self.expires = expires
    }

    /// A ticket that is valid for `LaunchLimits.ticketValidity` from now.
    public init(_ holder: Holder, now: Timestamp) {
        self.init(holder, expires: (now + LaunchLimits.ticketValidity).milliseconds / 1000)
    }
}

/// A learner's ticket: valid for the pages of their own sessions.
public typealias PortalTicket = Ticket<Learner>

/// An instructor's ticket: valid for the pages of one course, and for no learner's pages.
public typealias InstructorTicket = Ticket<Instructor>

extension Learner: TicketHolder {
    public static let ticketPurpose = "carrel portal ticket 1"
    public static let ticketFieldCount = 3
    public var ticketFields: [String] { [portal.rawValue, id, name] }
    public init(ticketFields fields: [String]) {
        self.init(portal: PortalID(rawValue: fields[0]), id: fields[1], name: fields[2])
    }
}

extension Instructor: TicketHolder {
    public static let ticketPurpose = "carrel instructor ticket 1"
    public static let ticketFieldCount = 4
    public var ticketFields: [String] { [course.portal.rawValue, course.context, id, name] }
    public init(ticketFields fields: [String]) {
        self.init(
            course: Course(portal: PortalID(rawValue: fields[0]), context: fields[1]), id: fields[2], name: fields[3])
    }
}

/// Creates and verifies tickets. Any thread.
public struct TicketSigner: Sendable {
    private let key: HMACKey

    public init(key: HMACKey) { self.key = key }

    /// The cookie's value: base64url characters and one dot.
    public func text<Holder>(for ticket: Ticket<Holder>) -> String {
        var canonical = CanonicalBytes(purpose: Holder.ticketPurpose)
        for field in ticket.holder.ticketFields { canonical.append(field) }
        canonical.append(String(ticket.expires))
        let code = key.authenticationCode(for: canonical.bytes)
        return Base64URL.encode(canonical.bytes) + "." + Base64URL.encode(code)
    }

    /// - Parameters:
    ///   - kind: the expected kind of ticket.
    ///   - portal: the portal that received the request.
    public func verify<Holder>(
        _ text: String, as kind: Ticket<Holder>.Type, portal: PortalID, now: Timestamp
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
        guard fields[0].utf8.elementsEqual(portal.rawValue.utf8) else {
            throw LaunchError(.wrongPortal, nil, "the portal's cookie is another portal's; \(LaunchError.askAgain)")
        }
        let expires = try FieldRule.time(fields[Holder.ticketFieldCount], name: "expires")
        if expires <= now.milliseconds / 1000 {
            throw LaunchError(.expired, nil, "your visit to this portal is over; \(LaunchError.askAgain)")
        }
        return Ticket(Holder(ticketFields: Array(fields.dropLast())), expires: expires)
    }
}
