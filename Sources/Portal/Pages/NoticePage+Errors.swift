import Broker
import Launch

extension NoticePage {
    /// The page and the status for a link that was refused.
    static func refusedLink(_ error: LaunchError, to aim: LinkAim = .lab) -> (page: Page, status: Int) {
        switch error.code {
        case .wrongSignature: (alteredLink(aim), 403)
        case .expired: (expiredLink(aim), 403)
        case .wrongPortal: (otherPortal(aim), 403)
        case .unknownParameter: (incompleteLink("It has a part that does not belong there.", aim), 400)
        case .repeatedParameter: (incompleteLink("It has a part twice: \(error.subject ?? "unknown").", aim), 400)
        case .missingParameter: (incompleteLink("It has no \(error.subject ?? "signature").", aim), 400)
        case .invalidParameter, .tooLong, .validTooLong:
            (incompleteLink("Its \(error.subject ?? "text") cannot be right.", aim), 400)
        case .secret: (storage(), 503)
        }
    }

    /// The page and the status for what the broker refused.
    static func failure(_ error: BrokerError) -> (page: Page, status: Int) {
        let page: Page =
            switch error.code {
            case .unknownLab, .unknownSession, .unknownHost, .unknownReservation, .unknownPool: notFound()
            case .badCode: usedCode()
            case .notNow, .ambiguous, .badTerms, .noSeats: refused(error.message)
            case .neverFits, .limit, .stopping: noSeat(error.message)
            case .storage: storage()
            }
        return (page, error.status)
    }
}

extension BrokerError {
    /// The HTTP status that says the same.
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
