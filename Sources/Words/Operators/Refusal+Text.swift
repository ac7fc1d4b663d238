import BrokerCore
import Text

extension Refusal {
    /// What happened and what to do next, for operators and instructors.
    public var message: String {
        switch self {
        case .unknownLab(let key):
            "There is no lab \(key.name) in the catalogue; `carrel lab list` shows those there are."
        case .unknownSession(let id):
            "There is no session \(id); `carrel session list` shows those there are."
        case .unknownHost(let name):
            "There is no host \(name) in the configuration; `carrel host list` shows those there are."
        case .unknownReservation(let id):
            "There is no reservation \(id) that is not over; `carrel reserve list` shows those there are."
        case .unknownPool(let key):
            "There is no pool of the lab \(key.name); `carrel pool list` shows those there are."
        case .badTerms(let terms): terms.message
        case .noSeats(let conflict): conflict.message
        case .noSeatAfter(let conflict): conflict.message
        case .neverFits(let misfit): misfit.operatorText
        case .notNow(let obstacle): obstacle.message
        case .limit(let limit): limit.message
        }
    }
}

extension BadTerms {
    /// What is wrong, as a sentence for operators and instructors.
    public var message: String {
        switch self {
        case .unknownPortal(let portal, let known):
            "The configuration has no portal \(portal), only \(known.map(\.rawValue).joined(separator: ", ")); "
                + "nothing is held for it."
        case .seatsOverQuota(let portal, let seats, let quota):
            "The portal \(portal) would have \(seats) reserved seats at the same time; its quota is \(quota)."
        case .memoryOverQuota(let portal, let bytes, let quota):
            "The portal \(portal) would have \(OperatorText.bytes(bytes)) reserved at the same time; its quota "
                + "is \(OperatorText.bytes(quota))."
        case .reservationSeats(let seats):
            "A reservation has 1 to \(Limits.reservationSeats) seats, not \(seats)."
        case .reservationEndsFirst: "A reservation ends after it begins."
        case .reservationPassed: "This time has passed already."
        case .reservationTooFarAhead:
            "A reservation begins at most \(OperatorText.span(Limits.reservationHorizon)) ahead."
        case .reservationTooLong:
            "A reservation lasts at most \(OperatorText.span(Limits.reservationLength)), lead and overrun included."
        case .reservationMargins:
            "Lead, no-show time and overrun are at most \(OperatorText.span(Limits.reservationMargin)) each."
        case .warmShare: "The warm share is 0 to 100 percent."
        case .rosterTooLong:
            "A roster names at most \(Limits.rosterLength) learners; leave it out, and reserve for a course context."
        case .nothingReserved: "No reservation is asked for."
        case .severalPortals: "Reservations that are made together are of one portal."
        case .occurrenceTwice: "One occurrence of an event is there twice."
        case .seriesName: "The name of a series has 1 to \(Limits.seriesNameLength) bytes."
        case .forecastRange:
            "A forecast is for at most \(OperatorText.span(Limits.reservationHorizon)), in 1 to "
                + "\(Limits.forecastSteps) steps."
        case .rollingDrainHosts:
            "A rolling drain takes hosts, each once, and at least one of them out of service at a time."
        case .poolSeats: "A pool has 0 to \(Limits.poolSeats) seats."
        case .poolMaximumBelowMinimum: "A pool's maximum is not less than its minimum."
        case .poolSeatsOnHost: "A pool has at least one seat on a host; for none at all, its maximum is 0."
        case .hostName(let name):
            "\"\(name)\" is no name for a host: 1 to 63 lower-case letters, digits and inner hyphens."
        case .hostSlots(let slots): "A host has 1 to \(Limits.hostSlots) slots, not \(slots)."
        case .hostMemory:
            "A host has \(OperatorText.bytes(Limits.hostMemory.lowerBound)) to "
                + "\(OperatorText.bytes(Limits.hostMemory.upperBound)) of memory for labs."
        case .hostOvercommit(let overcommit): "A host's overcommit is 0.1 to 10, not \(overcommit)."
        case .hostStarts: "A host bears 1 to 100 starts at the same time."
        case .hostLabelCount: "A host has at most \(Limits.hostLabels) labels."
        case .hostLabel(let key, let value): "\(key)=\(value) is no label: \(HostLabel.expectation)."
        }
    }
}

extension HostLabel {
    /// The syntax of a label, as the end of a sentence.
    public static let expectation =
        "a label is KEY=VALUE, such as gpu=true; a key has 1 to 63 lower-case letters, digits and . _ - /, "
        + "a value 1 to 63 letters, digits and . _ -"
}

extension NotNow {
    /// What is in the way, and what to do about it, for operators.
    var message: String {
        switch self {
        case .sessionIDInUse: "The new session's identifier is already in use; launch again."
        case .reservationIDInUse: "The new reservation's identifier is already in use; reserve again."
        case .notQueued: "The session has its seat already, so there is no queue to leave."
        case .nothingToKeep: "The lab does not run at the moment, so there is nothing to keep."
        case .notRunningToPark(let id, let state):
            "The session \(id) is \(state.rawValue); only a running one can be parked."
        case .notRunningToExtend(let id, let state):
            "The session \(id) is \(state.rawValue); only a running one can be extended."
        case .cannotPark(let id, let obstacle):
            "The session \(id) cannot be parked: \(obstacle.clause). `carrel session end \(id)` ends it."
        case .noEndAnnounced(let id, let state):
            "No end of the session \(id) is announced; it is \(state.rawValue)."
        case .operatorEndsIt(let id):
            "An operator has announced the end of the session \(id), so only an operator can extend it."
        case .hostLost(let name):
            "The host \(name) is lost, and so empty; `carrel host uncordon \(name)` first."
        case .memberLost(let name):
            "The host \(name) is lost, and so empty; uncordon it first, or leave it out."
        case .hostForgottenSoon(let name):
            "The host \(name) is not in the configuration any more; it takes no seats and is forgotten when it is empty."
        case .hostAnswers(let name):
            "The host \(name) is not lost: it answers; to empty it, drain it: `carrel host drain \(name)`."
        case .hostSilentTooShortly(let name):
            "The host \(name) is not lost: whether it answers is not known yet; try again in "
                + "\(OperatorText.span(Limits.silenceGrace))."
        case .hostExists(let name):
            "There is a host \(name) already; `carrel host set \(name)` changes it."
        case .engineHasHost(let owner, let endpoint):
            "The engine at \(endpoint) is that of the host \(owner) already; one engine is one host."
        case .hostInConfiguration(let name):
            "The host \(name) is in the configuration: take it out there, and let Carrel read it again (SIGHUP)."
        case .hostHasSeats(let name, let taken):
            "\(Plural.count(taken, "seat")) of the host \(name) \(Plural.noun(taken, "is", "are")) taken; "
                + "`carrel host remove \(name) --drain` lets them end first."
        case .rollingDrainUnderWay(let left):
            "A rolling drain is under way (\(left.joined(separator: ", "))); it is over when each of these is "
                + "uncordoned."
        case .seriesNotBooked: "Nothing of this series is booked any more."
        }
    }
}

extension ParkingObstacle {
    /// The middle of a sentence.
    fileprivate var clause: String {
        switch self {
        case .noHome(let lab):
            "the files of the lab \(lab) go with its container, so there is nothing to come back to"
        case .labRemoved(let lab): "the configuration no longer has the lab \(lab)"
        case .labDoesNotPark(let lab): "the lab \(lab) has no parks_for in the configuration"
        case .noPlace(let places): "\(places) sessions are parked already, which is the limit"
        }
    }
}

extension LimitReached {
    /// Which limit it is, and what to do about it, for operators.
    var message: String {
        switch self {
        case .queueLength:
            "\(Limits.queueLength) sessions are already waiting for a seat, which is the limit; try again in a few "
                + "minutes."
        case .reservations:
            "More than \(Limits.reservations) reservations would be booked, which is the limit; cancel one, or wait "
                + "until one is over."
        case .bookingItems(let count):
            "\(count) reservations are asked for together; \(Limits.bookingItems) is the limit. "
                + "Ask for fewer, or for a shorter time."
        case .hosts: "There are \(Limits.hosts) hosts already, which is the limit; remove one first."
        case .keepsInARow:
            "It was kept \(Limits.keepsInARow) times without anything else happening in it, which is the limit; "
                + "do something in the lab, and it stays."
        case .extensionLeft(let left, let bound):
            "A run can be extended by \(OperatorText.span(bound)) in all; \(OperatorText.span(left)) of it are left."
        case .extensionUsed(let extended, let bound):
            "This run was extended by \(OperatorText.span(extended)) already, "
                + (extended == bound ? "which is the limit" : "beyond the limit of \(OperatorText.span(bound))")
                + "; end it and start it again."
        case .portalSessions(let portal, let sessions):
            "The portal \(portal) has \(Plural.count(sessions, "session")), waiting and parked ones included, which is "
                + "its quota; end one, or raise the quota."
        }
    }
}
