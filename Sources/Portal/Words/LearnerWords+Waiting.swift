import Broker
import BrokerCore
import Words

extension LearnerWords {
    /// What a queued session waits for, and how long that may take.
    func waiting(_ view: SessionView, seen: Timestamp) -> Prose {
        guard let waiting = view.waiting else { return say("waiting.anything") }
        var parts = [waiting.reservation == nil ? cause(waiting.cause) : reserved(waiting.cause)]
        if let free = waiting.seatBy, seen < free {
            parts.append(say("waiting.seat-by", ["free": .moment(free)], seen: seen))
        }
        return .joined(parts)
    }

    func cause(_ cause: Waiting.Cause) -> Prose {
        switch cause {
        case .previousContainer: say("waiting.previous")
        case .configuration: say("waiting.setup")
        case .hostsClosed: say("waiting.closed")
        case .hostsSilent, .sameEngine: say("waiting.silent")
        case .hostsUnproved: say("waiting.unproved")
        case .imageMissing: say("waiting.no-image")
        case .portalQuota, .seatsTaken, .memoryTaken: say("waiting.taken")
        case .seatsHeld: say("waiting.held")
        case .hostsStrained: say("waiting.strained")
        case .startsPaced: say("waiting.paced")
        case .largerLabFirst: say("waiting.larger-first")
        case .reservedSeatsGone, .reservedSeatsReleased: reserved(cause)
        }
    }

    /// For somebody in a course with reserved seats.
    func reserved(_ cause: Waiting.Cause) -> Prose {
        switch cause {
        case .reservedSeatsGone: say("waiting.reserved-gone")
        case .reservedSeatsReleased: say("waiting.reserved-released")
        case .hostsClosed: say("waiting.reserved-closed")
        case .hostsSilent, .sameEngine: say("waiting.reserved-silent")
        case .hostsUnproved: say("waiting.reserved-unproved")
        case .imageMissing: say("waiting.reserved-no-image")
        case .seatsTaken, .memoryTaken: say("waiting.reserved-taken")
        case .startsPaced, .largerLabFirst, .seatsHeld, .hostsStrained: say("waiting.reserved-paced")
        case .previousContainer, .configuration, .portalQuota: self.cause(cause)
        }
    }
}
