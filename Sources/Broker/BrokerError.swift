import BrokerCore
import Store
import Words

/// Why the broker did not carry out a request. The message says what happened and what to do next.
public struct BrokerError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, Codable, CaseIterable {
        case unknownLab, unknownPortal, unknownSession, unknownHost, unknownReservation, unknownPool
        case ambiguous, notNow, badTerms, noSeats, neverFits, limit, storage, badCode, stopping
    }

    public var code: Code
    public var message: String

    public var description: String { message }

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ refusal: Refusal) {
        let code: Code =
            switch refusal {
            case .unknownLab: .unknownLab
            case .unknownSession: .unknownSession
            case .unknownHost: .unknownHost
            case .unknownReservation: .unknownReservation
            case .unknownPool: .unknownPool
            case .badTerms: .badTerms
            case .noSeats, .noSeatAfter: .noSeats
            case .notNow: .notNow
            case .neverFits: .neverFits
            case .limit: .limit
            }
        self.init(code, refusal.message)
    }

    /// What the driver has refused, in the words of `DriverRefusal.message`.
    public init(_ refusal: DriverRefusal) {
        let code: Code =
            switch refusal {
            case .stopping: .stopping
            case .busy, .feedLimit, .pullLimit: .limit
            case .unknownSessionPrefix: .unknownSession
            case .severalSessions, .severalLabs: .ambiguous
            case .unknownPortal: .unknownPortal
            case .unknownLabName: .unknownLab
            case .unknownReservation, .unknownFeed: .unknownReservation
            case .noSeries, .engineSilent, .hostNeverServes, .hostSilent: .notNow
            case .badEndpoint: .badTerms
            case .badCode: .badCode
            }
        self.init(code, refusal.message)
    }

    init(_ error: StoreError) {
        self.init(.storage, error.message)
    }
}
