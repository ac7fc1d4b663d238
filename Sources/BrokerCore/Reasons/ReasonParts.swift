import Identity

/// An end or park reason in its stored, decomposed form, so that reports can group by `word`.
public struct ReasonParts: Hashable, Sendable, Codable {
    /// The raw value of an `EndReason.Code` or `ParkReason.Code`; a newer version may have written an unknown one.
    public var word: String
    public var number: Int64?
    public var text: String?

    public init(word: String, number: Int64? = nil, text: String? = nil) {
        self.word = word
        self.number = number
        self.text = text
    }
}

// A new reason does not compile until both directions handle it: `parts` switches over the reasons and needs a code,
// and the initializer switches over the codes.

extension EndReason {
    /// The reasons without their associated values, so that all of them can be enumerated. The raw values are the words
    /// in the state file and never change.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case idle
        case lifetime
        case operatorEnded = "operator"
        case learnerEnded = "learner"
        case leftQueue = "left-queue"
        case reservationOver = "reservation"
        case drain
        case lost
        case exited
        case outOfMemory = "out-of-memory"
        case engineRestarted = "engine-restarted"
        case vanished
        case homeLost = "home-lost"
        case removed
        case parked
    }

    public var parts: ReasonParts {
        func parts(_ code: Code, number: Int64? = nil, text: String? = nil) -> ReasonParts {
            ReasonParts(word: code.rawValue, number: number, text: text)
        }
        return switch self {
        case .idle(let seconds): parts(.idle, number: seconds)
        case .lifetime(let seconds): parts(.lifetime, number: seconds)
        case .operatorEnded(let note): parts(.operatorEnded, text: note)
        case .learnerEnded: parts(.learnerEnded)
        case .leftQueue: parts(.leftQueue)
        case .reservationOver: parts(.reservationOver)
        case .drain(let host): parts(.drain, text: host)
        case .lost(let host): parts(.lost, text: host)
        case .exited(let code, outOfMemory: false): parts(.exited, number: Int64(code))
        case .exited(let code, outOfMemory: true): parts(.outOfMemory, number: Int64(code))
        case .engineRestarted(let host): parts(.engineRestarted, text: host)
        case .vanished(let host): parts(.vanished, text: host)
        case .homeLost(let host): parts(.homeLost, text: host)
        case .removed(let what): parts(.removed, text: what)
        case .parked(let seconds): parts(.parked, number: seconds)
        case .unknown(let parts): parts
        }
    }

    /// What stands before a lab's name in the state file, and never changes.
    private static let storedLab = "the lab "

    /// The configuration no longer has the lab.
    static func removed(_ lab: LabKey) -> EndReason { .removed(what: storedLab + lab.name) }

    /// Never fails and loses nothing: parts that match no reason become `.unknown`, which keeps them unchanged.
    public init(_ parts: ReasonParts) {
        let (number, text) = (parts.number, parts.text)
        let reason: EndReason? =
            switch Code(rawValue: parts.word) {
            case .idle: number.map { .idle(timeoutSeconds: $0) }
            case .lifetime: number.map { .lifetime(limitSeconds: $0) }
            case .operatorEnded: text.map { .operatorEnded(note: $0) }
            case .learnerEnded: .learnerEnded
            case .leftQueue: .leftQueue
            case .reservationOver: .reservationOver
            case .drain: text.map { .drain(host: $0) }
            case .lost: text.map { .lost(host: $0) }
            case .exited: number.map { .exited(code: Int($0), outOfMemory: false) }
            case .outOfMemory: number.map { .exited(code: Int($0), outOfMemory: true) }
            case .engineRestarted: text.map { .engineRestarted(host: $0) }
            case .vanished: text.map { .vanished(host: $0) }
            case .homeLost: text.map { .homeLost(host: $0) }
            case .removed: text.map { .removed(what: $0) }
            case .parked: number.map { .parked(seconds: $0) }
            case nil: nil
            }
        if let reason, reason.parts == parts { self = reason } else { self = .unknown(parts) }
    }
}

extension ParkReason {
    /// Like `EndReason.Code`.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case idle
        case operatorParked = "operator"
    }

    public var parts: ReasonParts {
        switch self {
        case .idle(let seconds): ReasonParts(word: Code.idle.rawValue, number: seconds)
        case .operatorParked(let note): ReasonParts(word: Code.operatorParked.rawValue, text: note)
        case .unknown(let parts): parts
        }
    }

    /// Like the initializer of `EndReason`.
    public init(_ parts: ReasonParts) {
        let reason: ParkReason? =
            switch Code(rawValue: parts.word) {
            case .idle: parts.number.map { .idle(timeoutSeconds: $0) }
            case .operatorParked: parts.text.map { .operatorParked(note: $0) }
            case nil: nil
            }
        if let reason, reason.parts == parts { self = reason } else { self = .unknown(parts) }
    }
}
