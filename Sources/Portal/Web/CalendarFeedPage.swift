import Broker
import BrokerCore
import EventLoop
import HTTPTransport
import HTTPWire
import Identity
import Scheduling
import TLS
import Text
import Words

/// A portal's reservations as a feed to which calendar programs subscribe.
///
/// Its address is its key: whoever has it may read the feed, and do nothing else. The token is in the query, which no
/// access log records.
@ControlLoop
struct CalendarFeedPage {
    let configuration: PortalConfiguration
    let broker: Broker
    let responses: PageResponses

    nonisolated static let path = "calendar.ics"
    nonisolated static func target(token: String) -> String { "/\(path)?token=\(token)" }

    private var scope: Scope { .portal(configuration.id) }

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        if let refusal = responses.unlessRead(request) { return refusal }
        let tokens = request.query.filter { $0.name == "token" }
        guard tokens.count == 1, request.query.count == 1 else { return unknown }
        do {
            // The answer does not reveal which of the two is wrong, the token or the portal.
            guard let portal = try await broker.portal(ofFeed: tokens[0].value, in: scope) else { return unknown }
            let reader = Principal.token(APIToken(scope: .portal(portal), granted: [.readFeed]))
            guard Permissions.allows(reader, .readFeed, .portal(configuration.id)) else { return unknown }
            let reservations = try await broker.reservations(
                in: scope, since: .now - PortalLimits.feedHistory, limit: PortalLimits.feedEvents)
            return calendar(reservations, known: request.fields.first("If-None-Match"))
        } catch {
            return responses.message(error.message, status: error.status)
        }
    }

    private var unknown: HTTPResponse {
        responses.message(LearnerWords.current.say("program.no-calendar").plain, status: 404)
    }

    private func calendar(_ reservations: [ReservationView], known: String?) -> HTTPResponse {
        let body = Self.bytes(
            reservations, title: configuration.title, hostname: configuration.labsDomain,
            name: configuration.id.rawValue)
        let tag = "\"\(Base64URL.encode(Array(SHA256.digest(body).bytes.prefix(18))))\""
        var fields = responses.careful
        fields.replace("Cache-Control", "private, no-cache")
        fields.append("ETag", tag)
        // RFC 9110, section 13.1.2: weak comparison.
        let tags = (known ?? "").split(separator: ",").map { part in
            let tag = part.drop { $0 == " " }
            return String(tag.hasPrefix("W/") ? tag.dropFirst(2) : tag).trimmingSuffix(" ")
        }
        if tags.contains(tag) || tags == ["*"] { return HTTPResponse(status: 304, fields: fields, body: .bytes([])) }
        fields.append("Content-Type", "text/calendar; charset=utf-8")
        fields.append("Content-Disposition", "inline; filename=\"\(Self.path)\"")
        return HTTPResponse(status: 200, fields: fields, body: .bytes(body))
    }

    /// The same reservations always give the same bytes: nothing else, such as the current time, changes the tag.
    nonisolated static func bytes(
        _ reservations: [ReservationView], title: String, hostname: String, name: String
    ) -> [UInt8] {
        var writer = CalendarWriter(name: "\(title): labs", refresh: PortalLimits.feedRefresh)
        for reservation in reservations {
            let isCancelled = reservation.phase == .cancelled
            writer.begin("VEVENT")
            writer.text("UID", "\(reservation.id)@\(name).\(hostname)")
            writer.moment("DTSTAMP", reservation.createdAt)
            writer.moment("DTSTART", reservation.from)
            writer.moment("DTEND", reservation.to)
            writer.word("SEQUENCE", isCancelled ? "1" : "0")
            writer.word("STATUS", isCancelled ? "CANCELLED" : "CONFIRMED")
            writer.text("SUMMARY", "\(reservation.lab): \(Plural.count(reservation.seats, "seat"))")
            writer.text("DESCRIPTION", description(reservation))
            writer.text("CATEGORIES", "Carrel")
            writer.text("X-CARREL-LAB", reservation.lab)
            writer.word("X-CARREL-SEATS", String(reservation.seats))
            if let context = reservation.context { writer.text("X-CARREL-CONTEXT", context) }
            writer.word("X-CARREL-WARM", String(reservation.warmPercent))
            writer.span("X-CARREL-LEAD", reservation.from - reservation.opensAt)
            writer.span("X-CARREL-NO-SHOW", reservation.noShowAt - max(reservation.from, reservation.createdAt))
            writer.span("X-CARREL-OVERRUN", reservation.endsAt - reservation.to)
            writer.end("VEVENT")
        }
        writer.finish()
        return writer.bytes
    }

    nonisolated private static func description(_ reservation: ReservationView) -> String {
        var lines = [
            "Reservation \(reservation.id), \(reservation.phase.rawValue). Seats are held from "
                + "\(reservation.opensAt.text); sessions end by \(reservation.endsAt.text)."
        ]
        if let context = reservation.context { lines.append("For the course \(context).") }
        if !reservation.roster.isEmpty {
            lines.append(
                "\(Plural.count(reservation.roster.count, "learner")) \(Plural.noun(reservation.roster.count, "is", "are")) on its roster."
            )
        }
        lines.append(
            "\(reservation.claims) of \(Plural.count(reservation.seats, "seat")) \(Plural.noun(reservation.seats, "is", "are")) claimed."
        )
        if reservation.missingSeats > 0 {
            lines.append("No host has room for \(reservation.missingSeats) of them at the moment.")
        }
        return lines.joined(separator: "\n")
    }
}

extension String {
    fileprivate func trimmingSuffix(_ character: Character) -> String {
        var text = self[...]
        while text.last == character { text = text.dropLast() }
        return String(text)
    }
}
