import Identity

/// Why a request was refused. `Words` has the sentences, which say what happened and what to do next.
public enum Refusal: Error, Hashable, Sendable {
    case unknownLab(LabKey)
    case unknownSession(SessionID)
    case unknownHost(String)
    case unknownReservation(ReservationID)
    case unknownPool(LabKey)
    /// The terms of a reservation, a pool or a host are invalid.
    case badTerms(BadTerms)
    /// The time range does not have enough seats.
    case noSeats(ReservationConflict)
    /// The session's reserved seat cannot be extended that far.
    case noSeatAfter(ExtensionConflict)
    /// The state of the session or host does not allow this request.
    case notNow(NotNow)
    /// No host could ever serve this lab.
    case neverFits(Misfit)
    /// A named limit was reached, such as the queue's length.
    case limit(LimitReached)
}

/// What is wrong with the terms of a request. The ranges are those of `Limits`.
public enum BadTerms: Hashable, Sendable {
    /// The configuration has only the other portals.
    case unknownPortal(PortalID, known: [PortalID])
    /// Together with the reservations at the same time.
    case seatsOverQuota(PortalID, seats: Int, quota: Int)
    /// Together with the reservations at the same time; in bytes.
    case memoryOverQuota(PortalID, bytes: Int64, quota: Int64)
    case reservationSeats(Int)
    case reservationEndsFirst
    case reservationPassed
    case reservationTooFarAhead
    case reservationTooLong
    /// Lead, no-show time or overrun.
    case reservationMargins
    case warmShare
    case rosterTooLong
    case nothingReserved
    case severalPortals
    case occurrenceTwice
    case seriesName
    case forecastRange
    case rollingDrainHosts
    case poolSeats
    case poolMaximumBelowMinimum
    case poolSeatsOnHost
    case hostName(String)
    case hostSlots(Int)
    case hostMemory
    case hostOvercommit(Double)
    case hostStarts
    case hostLabelCount
    case hostLabel(key: String, value: String)
}

/// What in the present state is in the way of a request.
public enum NotNow: Hashable, Sendable {
    case sessionIDInUse
    case reservationIDInUse
    /// A session in this state is in no queue.
    case notQueued
    /// *Keep it*, while the lab does not run.
    case nothingToKeep
    case notRunningToPark(SessionID, SessionState.Name)
    case notRunningToExtend(SessionID, SessionState.Name)
    case cannotPark(SessionID, ParkingObstacle)
    case noEndAnnounced(SessionID, SessionState.Name)
    /// An operator has announced the session's end, so that an instructor cannot extend it.
    case operatorEndsIt(SessionID)
    case hostLost(String)
    /// A lost host among those of a rolling drain.
    case memberLost(String)
    /// The configuration no longer has the host, which is forgotten when it is empty.
    case hostForgottenSoon(String)
    /// A host that answers cannot be declared lost.
    case hostAnswers(String)
    /// Nor can one that has not been silent for `Limits.silenceGrace`.
    case hostSilentTooShortly(String)
    case hostExists(String)
    case engineHasHost(String, endpoint: String)
    case hostInConfiguration(String)
    case hostHasSeats(String, taken: Int)
    case rollingDrainUnderWay(left: [String])
    case seriesNotBooked
}

/// Why a session that becomes idle is ended rather than parked.
public enum ParkingObstacle: Hashable, Sendable {
    /// The lab's files go with its container.
    case noHome(lab: String)
    case labRemoved(lab: String)
    case labDoesNotPark(lab: String)
    case noPlace(places: Int)
}

/// Which limit was reached.
public enum LimitReached: Hashable, Sendable {
    case queueLength
    case reservations
    case bookingItems(Int)
    case hosts
    case keepsInARow
    /// Less of the bound of all extensions is left than was requested.
    case extensionLeft(Duration, of: Duration)
    /// Nothing is left of the bound; more than the bound was given if a larger one applied before.
    case extensionUsed(Duration, of: Duration)
    /// Including waiting and parked sessions.
    case portalSessions(PortalID, Int)
}
