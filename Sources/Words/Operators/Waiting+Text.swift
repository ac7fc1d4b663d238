import BrokerCore

extension Waiting {
    /// For operators: names hosts, images and reservations. Learners get different text.
    public var operatorText: String {
        switch cause {
        case .previousContainer: "Waiting for the previous container of this session to be removed."
        case .configuration: "Waiting for the configuration."
        case .portalQuota, .seatsTaken, .memoryTaken, .seatsHeld, .hostsStrained, .startsPaced, .largerLabFirst,
            .reservedSeatsGone, .reservedSeatsReleased:
            [reason, place, seat].compactMap(\.self).joined(separator: " ")
        case .hostsClosed, .hostsSilent, .hostsUnproved, .sameEngine, .imageMissing:
            reason
        }
    }

    private var reason: String {
        if reservation != nil { return reservedReason }
        guard let home else { return generalReason }
        return "Waiting: the files of this learner are on the host \(home), \(homeReason)."
    }

    private var generalReason: String {
        switch cause {
        case .hostsClosed: "Waiting: every \(hostWords) is closed for maintenance."
        case .hostsSilent: "Waiting: no \(hostWords) answers at the moment."
        case .hostsUnproved:
            "Waiting: no \(hostWords) has proved that labs are kept apart there; `carrel host show` says why."
        case .sameEngine(let other): "Waiting: the only \(hostWords) is the same engine as the host \(other)."
        case .imageMissing(let image): "Waiting: no host that answers has the image \(image)."
        case .portalQuota: "Waiting for a seat: its portal uses as many seats, or as much memory, as its quota allows."
        case .seatsTaken: "Waiting for a seat: all of them are taken."
        case .memoryTaken(let needed):
            "Waiting for memory: slots are free, but no host has \(OperatorText.bytes(needed)) left for one more lab."
        case .seatsHeld: "Waiting: the free seats are held for \(holders)."
        case .hostsStrained:
            "Waiting: where seats are free, running labs use nearly all of the memory, so that no more are started "
                + "there for now."
        case .startsPaced(let underWay):
            "Waiting: \(underWay) \(underWay == 1 ? "lab is" : "labs are") being started, as many as the hosts can "
                + "start at the same time."
        case .largerLabFirst: "Waiting: the seat that is free is kept for a larger lab, whose turn comes first."
        case .previousContainer, .configuration, .reservedSeatsGone, .reservedSeatsReleased: "Waiting."
        }
    }

    /// The end of a sentence that begins "the files of this learner are on the host h1, …".
    private var homeReason: String {
        switch cause {
        case .hostsClosed: "which is closed for maintenance"
        case .hostsSilent: "which does not answer at the moment"
        case .hostsUnproved: "where it is not proved that labs are kept apart"
        case .sameEngine(let other): "which is the same engine as the host \(other)"
        case .imageMissing(let image): "which does not have the image \(image)"
        case .seatsTaken: "where all seats are taken"
        case .memoryTaken(let needed): "which does not have \(OperatorText.bytes(needed)) of memory left for the lab"
        case .seatsHeld: "where the free seats are held for \(holders)"
        case .hostsStrained: "where running labs use nearly all of the memory, so that no more are started for now"
        case .startsPaced: "which is starting as many other labs as it can at the same time"
        case .largerLabFirst: "where the free seat is kept for a larger lab, whose turn comes first"
        case .previousContainer, .configuration, .portalQuota, .reservedSeatsGone, .reservedSeatsReleased:
            "which is not ready"
        }
    }

    private var reservedReason: String {
        switch cause {
        case .reservedSeatsGone:
            "Waiting for a seat: the hosts that held those reserved for this course are not available."
        case .reservedSeatsReleased:
            "Waiting for the first free seat: those that nobody had claimed by the no-show time went to others."
        case .hostsClosed: "A seat is reserved for this learner, but its host is closed for maintenance."
        case .hostsSilent, .sameEngine:
            "A seat is reserved for this learner, but its host does not answer at the moment."
        case .hostsUnproved:
            "A seat is reserved for this learner, but it is not proved that labs are kept apart on its host."
        case .imageMissing(let image):
            "A seat is reserved for this learner, but its host does not have the image \(image)."
        case .seatsTaken, .memoryTaken:
            "A seat is reserved for this learner; the session that was in it is still leaving."
        case .startsPaced, .largerLabFirst, .seatsHeld, .hostsStrained:
            "A seat is reserved for this learner; labs are started a few at a time."
        case .previousContainer, .configuration, .portalQuota: "Waiting."
        }
    }

    private var hostWords: String {
        requires.isEmpty
            ? "host that could serve this lab"
            : "host with \(OperatorText.labels(requires)), which this lab asks for,"
    }

    private var holders: String {
        guard case .seatsHeld(let reservations, let from, let until) = cause else { return "" }
        let names = reservations.map(\.rawValue).joined(separator: ", ")
        return reservations.count == 1
            ? "the reservation \(names) (from \(from.text) until \(until.text))"
            : "the reservations \(names) (from \(from.text); the first of them ends at \(until.text))"
    }

    private var place: String {
        let turns = portalsTakeTurns ? " (portals take turns)" : ""
        return switch ahead {
        case 0: "It is next in the queue."
        case 1: "One other session comes first\(turns)."
        default: "\(ahead) other sessions come first\(turns)."
        }
    }

    private var seat: String? {
        switch cause {
        case .seatsTaken, .memoryTaken:
            seatBy.map { "If everybody stays as long as they may, it gets one at \($0.text)." }
        default: nil
        }
    }
}
