import Broker
import BrokerCore
import Doors
import Words

/// Pages about an error, or about something that is not here. Each says what happened and what to do next.
enum NoticePage {
    static func home(in words: LearnerWords = .current) -> Page {
        Page(
            panel: Page.Panel(
                heading: words.say("notice.home.heading").plain, paragraphs: [words.say("notice.home.what")]))
    }

    // MARK: Links

    static func alteredLink(_ aim: LaunchAim = .lab, in words: LearnerWords = .current) -> Page {
        problem(words, "notice.altered-link", ["aim": .word(aim.rawValue)])
    }

    static func expiredLink(_ aim: LaunchAim = .lab, in words: LearnerWords = .current) -> Page {
        problem(words, "notice.expired-link", ["aim": .word(aim.rawValue)])
    }

    static func otherPortal(_ aim: LaunchAim = .lab, in words: LearnerWords = .current) -> Page {
        problem(words, "notice.other-portal", ["aim": .word(aim.rawValue)])
    }

    /// What is wrong with a part of a link. The raw values select in patterns.
    enum LinkFault: String { case twice, missing, wrong }

    static func incompleteLink(
        _ fault: LinkFault, _ aim: LaunchAim = .lab, in words: LearnerWords = .current
    ) -> Page {
        problem(words, "notice.incomplete-link", ["aim": .word(aim.rawValue), "part": .word(fault.rawValue)])
    }

    /// For a request that does not show that a person has clicked.
    static func openByHand(
        _ parameters: [(name: String, value: String)], action: String, to aim: LaunchAim = .lab,
        in words: LearnerWords = .current
    ) -> Page {
        let fields = parameters.map { FieldModel(name: $0.name, value: $0.value) }
        let label = words.label(aim == .lab ? "page.button.open" : "page.button.open-course")
        return Page(
            panel: Page.Panel(
                heading: words.say("notice.open-by-hand.heading", ["aim": .word(aim.rawValue)]).plain,
                paragraphs: [words.say("notice.open-by-hand.what", ["aim": .word(aim.rawValue)])],
                form: FormModel(action: action, label: label, fields: fields)))
    }

    static func unknownLab(_ lab: String, in words: LearnerWords = .current) -> Page {
        problem(words, "notice.unknown-lab", ["lab": .name(lab)])
    }

    /// For an action that was refused.
    static func refusal(_ refusal: LearnerRefusal) -> Page {
        var page = Page(panel: Page.Panel(heading: refusal.heading, paragraphs: [refusal.what, refusal.next]))
        if refusal.needsHelp { page.panel.help = .general }
        return page
    }

    // MARK: Access

    static func signInNeeded(in words: LearnerWords = .current) -> Page { problem(words, "notice.sign-in") }

    static func courseLinkNeeded(in words: LearnerWords = .current) -> Page { problem(words, "notice.course-link") }

    static func signOut(in words: LearnerWords = .current) -> Page {
        Page(
            panel: Page.Panel(
                heading: words.say("notice.sign-out.heading").plain, paragraphs: [words.say("notice.sign-out.what")],
                form: FormModel(action: SignOutPages.path, label: words.label("page.sign-out"))))
    }

    static func signedOut(in words: LearnerWords = .current) -> Page { problem(words, "notice.signed-out") }

    static func notYours(in words: LearnerWords = .current) -> Page { problem(words, "notice.not-yours") }

    /// For a visit with a new browser, which needs a key to the lab, while none can be issued.
    static func noKeyNow(in words: LearnerWords = .current) -> Page { problem(words, "notice.no-key") }

    static func usedCode(in words: LearnerWords = .current) -> Page { refusal(words.refusal(.badCode, of: .open)) }

    // MARK: Addresses

    static func unknownHostname(in words: LearnerWords = .current) -> Page { problem(words, "notice.unknown-hostname") }

    static func notFound(in words: LearnerWords = .current) -> Page {
        refusal(words.refusal(.unknownSession, of: .open))
    }

    static func foreignForm(in words: LearnerWords = .current) -> Page { problem(words, "notice.foreign-form") }

    static func foreignFields(in words: LearnerWords = .current) -> Page { problem(words, "notice.foreign-fields") }

    /// - Parameter key: of which the catalogues have a heading, what happened, and what to do next.
    private static func problem(
        _ words: LearnerWords, _ key: String, _ arguments: [String: Message.Argument] = [:]
    ) -> Page {
        Page(
            panel: Page.Panel(
                heading: words.say("\(key).heading").plain,
                paragraphs: [words.say("\(key).what", arguments), words.say("\(key).next", arguments)]))
    }
}
