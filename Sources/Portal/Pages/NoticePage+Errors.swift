import Broker
import Launch

extension NoticePage {
    /// The page and the status for a link that was refused.
    static func refusedLink(_ error: LaunchError, to aim: LinkAim = .lab) -> (page: Page, status: Int) {
        switch error.code {
        case .wrongSignature: (alteredLink(aim), 403)
        case .expired: (expiredLink(aim), 403)
        case .wrongPortal: (otherPortal(aim), 403)
        case .repeatedParameter, .missingParameter, .invalidParameter, .tooLong, .validTooLong:
            (incompleteLink(LearnerWords.incomplete(error), aim), 400)
        case .secret: (refusal(LearnerWords.refusal(.storage, of: .open)), 503)
        }
    }

    /// The page and the status for a refusal by the broker.
    static func failure(_ error: BrokerError, _ wish: Wish) -> (page: Page, status: Int) {
        (refusal(LearnerWords.refusal(error.code, of: wish)), error.status)
    }
}

extension BrokerError {
    /// The matching HTTP status.
    var status: Int {
        switch code {
        case .unknownLab, .unknownSession, .unknownHost, .unknownReservation, .unknownPool: 404
        case .badTerms: 400
        case .badCode: 403
        case .ambiguous, .notNow, .noSeats: 409
        case .neverFits, .limit, .storage, .stopping: 503
        }
    }
}
