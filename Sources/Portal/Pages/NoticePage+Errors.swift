import Broker
import Doors

extension NoticePage {
    /// The page and the status for a launch that a door has refused.
    static func refusedLaunch(
        _ error: LaunchError, to aim: LaunchAim = .lab, in words: LearnerWords = .current
    ) -> (page: Page, status: Int) {
        switch error.code {
        case .wrongSignature: (alteredLink(aim, in: words), 403)
        case .expired: (expiredLink(aim, in: words), 403)
        case .wrongPortal: (otherPortal(aim, in: words), 403)
        case .repeatedParameter: (incompleteLink(.twice, aim, in: words), 400)
        case .missingParameter: (incompleteLink(.missing, aim, in: words), 400)
        case .invalidParameter, .tooLong, .validTooLong: (incompleteLink(.wrong, aim, in: words), 400)
        case .secret: (refusal(words.refusal(.storage, of: .open)), 503)
        }
    }

    /// The page and the status for a refusal by the broker.
    static func failure(
        _ error: BrokerError, _ wish: Wish, in words: LearnerWords = .current
    ) -> (page: Page, status: Int) {
        (refusal(words.refusal(error.code, of: wish)), error.status)
    }
}

extension BrokerError {
    /// The matching HTTP status.
    var status: Int {
        switch code {
        case .unknownPortal, .unknownLab, .unknownSession, .unknownHost, .unknownReservation, .unknownPool: 404
        case .badTerms: 400
        case .badCode: 403
        case .ambiguous, .notNow, .noSeats: 409
        case .neverFits, .limit, .storage, .stopping: 503
        }
    }
}
