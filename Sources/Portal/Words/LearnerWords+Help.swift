import Broker
import BrokerCore

extension LearnerWords {
    /// Whom to turn to, and what to say there.
    static func help(_ help: Page.Help, _ contact: Contact?) -> Prose {
        let whom: Prose = contact.map { "write to \($0)" } ?? "tell your instructor"
        return switch help {
        case .general: "If you need help, \(whom)."
        case .about(let reference): "If you need help, \(whom) and mention the reference \(code: reference)."
        }
    }

    /// A link or a session in whose way something stands that the learner cannot move.
    static func needsHelp(_ reason: EndReason) -> Bool {
        switch reason {
        case .lost, .vanished, .homeLost, .removed, .operatorEnded, .drain, .engineRestarted: true
        case .idle, .lifetime, .learnerEnded, .leftQueue, .reservationOver, .exited, .parked, .unknown: false
        }
    }
}

extension SessionID {
    /// What learners mention when they ask for help: enough of the identifier to find the session by.
    public var reference: String { String(rawValue.prefix(8)) }
}

extension SessionView {
    var filesAreKept: Bool { keepsFiles ?? true }
}
