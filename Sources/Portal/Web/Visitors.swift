import Broker
import BrokerCore
import Doors
import EventLoop
import HTTPTransport
import HTTPWire
import Identity
import TLS

/// Somebody who has come through a door, and has not signed out since.
struct Visitor: Sendable {
    let ticket: TicketClaims
    let claims: Claims

    var visit: Visit { Visit(ticket) }

    func may(_ operation: Identity.Operation, _ resource: Resource) -> Bool {
        Permissions.allows(.person(claims), operation, resource)
    }
}

/// Recognizes the visitors of one portal by their tickets.
@ControlLoop
struct Visitors {
    /// A ticket is the value of this cookie.
    nonisolated static let cookie = "__Host-carrel-portal"

    let portal: PortalID
    let broker: Broker
    let tickets: TicketSigner

    /// The visitor from whom a request comes; `nil` without a ticket, and with one that is forged, over, revoked or
    /// another portal's.
    func visitor(of request: HTTPRequest) -> Visitor? {
        guard let ticket = request.cookie(Self.cookie).flatMap(tickets.ticket(of:)),
            let claims = try? broker.admit(ticket, to: portal)
        else { return nil }
        return Visitor(ticket: ticket, claims: claims)
    }

    /// The visitor after a launch. In a browser that has a ticket of the same person already, the visit goes on.
    func arrival(with claims: Claims, request: HTTPRequest) throws(TicketFault) -> (visitor: Visitor, cookie: String) {
        var ticket = TicketClaims(
            claims, issued: Timestamp.now.seconds, generation: broker.ticketGeneration,
            visit: SecureRandom.slug(length: Self.visitCharacters))
        if let earlier = visitor(of: request) { ticket = ticket.continuing(earlier.ticket) }
        return (Visitor(ticket: ticket, claims: claims), try tickets.text(for: ticket))
    }

    /// 120 bits, so that no two visits are the same.
    private nonisolated static let visitCharacters = 24
}

extension Broker {
    /// The address that opens a running lab, once. Only for its owner, after a click.
    func wayIn(to view: SessionView, for visitor: Visitor) -> String {
        "\(view.url).carrel/enter?code=\(entryCode(for: view.id, visit: visitor.visit))&next=/"
    }
}
