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

/// Makes and checks portal tickets. Any thread.
public struct TicketSigner: Sendable {
    private let key: HMACKey

    public init(key: HMACKey) { self.key = key }

    /// The cookie's value: letters of base64url and one dot.
    public func text(for ticket: PortalTicket) -> String {
        var canonical = CanonicalBytes(purpose: PortalTicket.purpose)
        canonical.append(ticket.learner.portal)
        canonical.append(ticket.learner.id)
        canonical.append(ticket.learner.name)
        canonical.append(String(ticket.expires))
        let code = key.authenticationCode(for: canonical.bytes)
        return Base64URL.encode(canonical.bytes) + "." + Base64URL.encode(code)
    }

    /// - Parameter portal: the portal that was asked.
    public func verify(_ text: String, portal: String, now: Timestamp) throws(LaunchError) -> PortalTicket {
        if text.utf8.count > LaunchLimits.ticketLength {
            throw LaunchError(.tooLong, nil, "the portal's cookie is too long; \(LaunchError.askAgain)")
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let body = Base64URL.decode(parts[0]), let code = Base64URL.decode(parts[1]),
            constantTimeEqual(code, key.authenticationCode(for: body)),
            let fields = CanonicalBytes.fields(of: body, purpose: PortalTicket.purpose), fields.count == 4
        else {
            throw LaunchError(.wrongSignature, nil, "the portal's cookie is not one of ours; \(LaunchError.askAgain)")
        }
        guard fields[0].utf8.elementsEqual(portal.utf8) else {
            throw LaunchError(.wrongPortal, nil, "the portal's cookie is another portal's; \(LaunchError.askAgain)")
        }
        let expires = try FieldRule.time(fields[3], name: "expires")
        if expires <= now.milliseconds / 1000 {
            throw LaunchError(.expired, nil, "your visit to this portal is over; \(LaunchError.askAgain)")
        }
        return PortalTicket(
            learner: Learner(portal: fields[0], id: fields[1], name: fields[2]), expires: expires)
    }
}
