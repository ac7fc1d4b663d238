import Broker
import BrokerCore
import Words

extension LearnerWords {
    /// Names the contact, and what to quote there.
    func help(_ help: Page.Help, _ contact: Contact?) -> Prose {
        var arguments: [String: Message.Argument] = ["known": .flag(contact != nil)]
        arguments["contact"] = contact.map { .link(text: $0.text, target: $0.target) }
        switch help {
        case .general: return say("help.general", arguments)
        case .about(let reference):
            arguments["reference"] = .word(reference)
            return say("help.about", arguments)
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
