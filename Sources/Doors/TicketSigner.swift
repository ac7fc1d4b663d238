import Identity
import TLS

/// Signs and verifies tickets. Any thread.
///
/// A ticket is the value of a cookie on the portal's hostname. It is self-contained, so the server stores nothing for
/// it; it is valid only on the portal's hostname, and never opens a lab by itself.
public struct TicketSigner: Sendable {
    /// Precedes the payload in what is signed, so that a signature made for another purpose is not valid for a ticket.
    private static let purpose = "carrel ticket 1"

    private let key: HMACKey

    public init(key: HMACKey) { self.key = key }

    /// The cookie's value: base64url characters and one dot, at most `LaunchLimits.ticketLength`.
    ///
    /// - Throws: as `TicketClaims.payload()`.
    public func text(for ticket: TicketClaims) throws(TicketFault) -> String {
        let payload = try ticket.payload()
        return Base64URL.encode(payload) + "." + Base64URL.encode(code(for: payload))
    }

    /// The ticket in a cookie, if it was signed here; `nil` otherwise. Whether it is still valid is for
    /// `Revocations.admit` to say.
    public func ticket(of text: String) -> TicketClaims? {
        guard text.utf8.count <= LaunchLimits.ticketLength else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let payload = Base64URL.decode(parts[0]), let code = Base64URL.decode(parts[1]),
            constantTimeEqual(code, self.code(for: payload))
        else { return nil }
        return try? TicketClaims(payload: payload)
    }

    private func code(for payload: [UInt8]) -> [UInt8] {
        var canonical = CanonicalBytes(purpose: Self.purpose)
        canonical.append(payload)
        return key.authenticationCode(for: canonical.bytes)
    }
}
