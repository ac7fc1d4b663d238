import Broker
import BrokerCore

extension LearnerWords {
    /// What a queued session waits for, and how long that may take.
    static func waiting(_ view: SessionView, seen: Timestamp) -> Prose {
        guard let waiting = view.waiting else { return "All places are taken or being prepared." }
        var parts = [waiting.reservation == nil ? cause(waiting.cause) : reserved(waiting.cause)]
        if let free = waiting.seatBy, seen < free {
            parts.append("If nobody leaves earlier, there is a place for you \(at: free, seen: seen).")
        }
        return .joined(parts)
    }

    static func cause(_ cause: Waiting.Cause) -> Prose {
        switch cause {
        case .previousContainer: "Your previous lab is still being put away, which takes a few seconds."
        case .configuration: "The labs are just being set up, which takes a few seconds."
        case .hostsClosed: "The computers for this lab are closed for maintenance at the moment."
        case .hostsSilent, .sameEngine: "The computers for this lab do not answer at the moment."
        case .hostsUnproved: "The computers for this lab are being checked at the moment."
        case .imageMissing: "This lab is still being brought to the computers it runs on."
        case .seatsTaken, .memoryTaken: "All places are taken at the moment."
        case .seatsHeld:
            "The free places are reserved for a course."
        case .hostsStrained: "The labs that are open need nearly all there is, so no more are started for now."
        case .startsPaced: "Many labs are starting at the moment, a few at a time. Yours follows."
        case .largerLabFirst: "The next free place goes to somebody who has waited for longer."
        case .reservedSeatsGone, .reservedSeatsReleased: reserved(cause)
        }
    }

    /// For somebody in a course with reserved seats.
    static func reserved(_ cause: Waiting.Cause) -> Prose {
        switch cause {
        case .reservedSeatsGone:
            "The places that were reserved for your course are not available at the moment, so you get the first other one."
        case .reservedSeatsReleased:
            "The places that were reserved for your course were given away, because nobody had come to take them. You get "
                + "the first free one."
        case .hostsClosed: "A place is reserved for you, and its computer is closed for maintenance at the moment."
        case .hostsSilent, .sameEngine: "A place is reserved for you, and its computer does not answer at the moment."
        case .hostsUnproved: "A place is reserved for you, and its computer is being checked at the moment."
        case .imageMissing: "A place is reserved for you, and the lab is still being brought to its computer."
        case .seatsTaken, .memoryTaken: "A place is reserved for you, and somebody is just leaving it."
        case .startsPaced, .largerLabFirst, .seatsHeld, .hostsStrained:
            "A place is reserved for you. Labs are started a few at a time, and yours follows."
        case .previousContainer, .configuration: self.cause(cause)
        }
    }
}
