import Broker
import BrokerCore
import Identity

/// The body of `POST /v1/bookings`: reservations that are admitted together, or not at all.
public struct APIBook: Hashable, Sendable, Codable {
    public struct Item: Hashable, Sendable, Codable {
        public var reservation: APIReserve
        /// The name of the series, or the UID of a calendar event.
        public var series: String?
        /// Set for a calendar event only.
        public var sequence: Int?
        /// When the event was last changed.
        public var stamp: Timestamp?
        /// The start that the recurrence gives it; if missing, the start of the reservation.
        public var occurrence: Timestamp?
        /// The same time in the wall time of a zone: see `APIReserve.zone`.
        public var occurrenceZone: String?
        public var occurrenceWall: Int64?
    }

    public var portal: PortalID
    public var items: [Item]
    /// Learners of every reservation, in addition to its own roster.
    public var roster: [String]?
    /// Books the reservations for which there are seats, and skips the others.
    public var skipConflicts: Bool?
    /// Reports the outcome without changing anything.
    public var dryRun: Bool?
    /// The revision of each event by its UID: see `Booking.events`.
    public var events: [Event]?
    /// What to do with a reservation that exists with other terms, if neither is newer; `ask` if missing.
    public var replacement: Booking.Replacement?

    public struct Event: Hashable, Sendable, Codable {
        public var uid: String
        public var sequence: Int
        public var stamp: Timestamp?
    }

    public init(
        portal: PortalID, items: [(terms: ReservationTerms, origin: ReservationOrigin?)], skipConflicts: Bool,
        dryRun: Bool, events: [String: EventRevision] = [:], replacement: Booking.Replacement = .ask
    ) {
        self.portal = portal
        // A roster that all items share is sent once.
        let common = items.first.map { first in
            items.dropFirst().reduce(first.terms.roster) { $0.intersection($1.terms.roster) }
        }
        roster = common.flatMap { $0.isEmpty ? nil : $0.sorted() }
        self.items = items.map { terms, origin in
            var terms = terms
            terms.roster.subtract(common ?? [])
            return Item(
                reservation: APIReserve(terms), series: origin?.series, sequence: origin?.sequence,
                stamp: origin?.stamp, occurrence: origin?.occurrence, occurrenceZone: origin?.wall?.zone,
                occurrenceWall: origin?.wall?.seconds)
        }
        self.skipConflicts = skipConflicts
        self.dryRun = dryRun
        self.events = events.sorted { $0.key < $1.key }.map {
            Event(uid: $0.key, sequence: $0.value.sequence, stamp: $0.value.stamp)
        }
        self.replacement = replacement
    }

    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(
            APIBook.self, from: body,
            example:
                "{\"portal\":\"school\",\"items\":[{\"reservation\":{\"portal\":\"school\",\"lab\":\"python\",\"seats\":30,"
                + "\"from\":1767225600000,\"to\":1767232800000,\"context\":\"101\"}}]}"
        )
        let moments = (items.flatMap { [$0.occurrence, $0.stamp] } + (events ?? []).map(\.stamp)).compactMap {
            $0?.milliseconds
        }
        let sequences = items.compactMap(\.sequence) + (events ?? []).map(\.sequence)
        guard moments.allSatisfy({ (0...PortalLimits.latestMoment).contains($0) }),
            sequences.allSatisfy({ (0...Int(Int32.max) + 1).contains($0) })
        else {
            throw APIRefusal.bad(
                "An occurrence, a sequence or a stamp is out of range: moments are milliseconds since 1970.")
        }
        guard Set((events ?? []).map(\.uid)).count == (events ?? []).count else {
            throw APIRefusal.bad("An event is there twice.")
        }
    }

    func reservations() throws(APIRefusal) -> [(terms: ReservationTerms, origin: ReservationOrigin?)] {
        var found: [(terms: ReservationTerms, origin: ReservationOrigin?)] = []
        let common = Set(try APIReserve.checked(roster))
        for item in items {
            let terms = try item.reservation.terms(for: common)
            found.append((terms, try item.origin(of: terms)))
        }
        return found
    }

    var revisions: [String: EventRevision] {
        Dictionary((events ?? []).map { ($0.uid, EventRevision(sequence: $0.sequence, stamp: $0.stamp)) }) { $1 }
    }
}

extension APIBook.Item {
    fileprivate func origin(of terms: ReservationTerms) throws(APIRefusal) -> ReservationOrigin? {
        guard let series else { return nil }
        var origin = ReservationOrigin(series: series, sequence: sequence, occurrence: occurrence ?? terms.from)
        // Only a calendar event, which has a sequence, has a stamp.
        if sequence != nil { origin.stamp = stamp }
        if let occurrenceZone, let occurrenceWall {
            try APIReserve.check(zone: occurrenceZone, [occurrenceWall])
            origin.wall = WallMoment(zone: occurrenceZone, seconds: occurrenceWall)
        }
        return origin
    }
}

/// The answer to `POST /v1/bookings`, whether it was booked or not.
public struct APIBooking: Hashable, Sendable, Codable {
    public var booking: BookingView
    public init(booking: BookingView) { self.booking = booking }
}

/// The answer to `POST /v1/reservations/ID/cancel-series`: the cancelled reservations.
public struct APICancelled: Hashable, Sendable, Codable {
    public var cancelled: [ReservationID]
    public init(cancelled: [ReservationID]) { self.cancelled = cancelled }
}

/// The answer to `GET /v1/reservations/ID/attendance`.
public struct APIAttendance: Hashable, Sendable, Codable {
    public var attendance: AttendanceView
    public init(attendance: AttendanceView) { self.attendance = attendance }
}

/// The answer to `GET /v1/capacity?lab=&from=&to=&steps=`, times in milliseconds since 1970.
public struct APICapacity: Hashable, Sendable, Codable {
    public var capacity: CapacityForecast
    public init(capacity: CapacityForecast) { self.capacity = capacity }

    struct Question {
        var lab = ""
        var from: Int64 = 0
        var to: Int64 = 0
        var steps = 24

        init(_ query: [(name: String, value: String)]) throws(APIRefusal) {
            for (name, value) in query {
                if value.isEmpty { throw APIRefusal.empty(name) }
                let number = Int64(value).flatMap { (0...PortalLimits.latestMoment).contains($0) ? $0 : nil }
                switch (name, number) {
                case ("lab", _): lab = value
                case ("from", let number?): from = number
                case ("to", let number?): to = number
                case ("steps", let number?): steps = Int(number)
                default:
                    throw APIRefusal.bad("\(name) is \"\(value)\"; the fields are portal, lab, from, to and steps.")
                }
            }
        }
    }
}

/// The answer to `GET /v1/feeds`, and the feeds left after `POST /v1/feeds/ID/revoke`.
public struct APIFeeds: Hashable, Sendable, Codable {
    public var feeds: [FeedView]
    public init(feeds: [FeedView]) { self.feeds = feeds }
}

/// The body of `POST /v1/feeds`.
public struct APIMakeFeed: Hashable, Sendable, Codable {
    public var portal: PortalID
    public init(portal: PortalID) { self.portal = portal }

    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(APIMakeFeed.self, from: body, example: "{\"portal\":\"school\"}")
    }
}

/// The answer to `POST /v1/feeds`: the only time that the token is shown.
public struct APIFeed: Hashable, Sendable, Codable {
    public var feed: FeedView
    /// The path and the query of the feed's address on the portal's hostname.
    public var target: String

    public init(feed: FeedView, token: String) {
        self.feed = feed
        target = CalendarFeedPage.target(token: token)
    }
}
