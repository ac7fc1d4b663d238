import Broker
import BrokerCore

extension LearnerWords {
    /// Names the contact, and what to quote there.
    static func help(_ help: Page.Help, _ contact: Contact?) -> Prose {
        let whom: Prose = contact.map { "write to \($0)" } ?? "tell your instructor"
        return switch help {
        case .general: "If you need help, \(whom)."
        case .about(let reference): "If you need help, \(whom) and mention the reference \(code: reference)."
        }
    }

    /// Whether a link or a session failed for a reason that the learner cannot fix.
    static func needsHelp(_ reason: EndReason) -> Bool {
        switch reason {
        case .lost, .vanished, .homeLost, .removed, .operatorEnded, .drain, .engineRestarted: true
        case .idle, .lifetime, .learnerEnded, .leftQueue, .reservationOver, .exited, .parked, .unknown: false
        }
    }
}

extension SessionID {
    /// What learners quote when they ask for help: a prefix of the identifier, long enough to find the session.
    public var reference: String { String(rawValue.prefix(8)) }
}

extension SessionView {
    var filesAreKept: Bool { keepsFiles ?? true }
}
