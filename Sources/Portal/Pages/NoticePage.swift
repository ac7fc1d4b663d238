import Broker
import BrokerCore

/// Pages about an error, or about something that is not here. Each says what happened and what to do next.
enum NoticePage {
    static func home() -> Page {
        page(
            "Labs open from your course",
            "Follow the lab’s link in your course. It brings you here, and then straight into your own lab.")
    }

    // MARK: Links

    /// The target of a signed link, which decides who can issue another one.
    enum LinkAim {
        case lab, course

        /// What to do about a link that is invalid.
        var again: String {
            switch self {
            case .lab: "Go back to your course and click the lab’s link there"
            case .course: "Follow the link you were given once more"
            }
        }
    }

    static func alteredLink(_ aim: LinkAim = .lab) -> Page {
        problem(
            "This link was altered",
            "Its signature does not fit what it says, so it was changed or cut off on its way.",
            next: "\(words: aim.again)" + "; if you copied it, copy all of it.")
    }

    static func expiredLink(_ aim: LinkAim = .lab) -> Page {
        problem(
            "This link has expired",
            "Links are good for a limited time, and this one’s time is over.",
            next: aim == .course
                ? "Ask the people who look after the labs for a new one."
                : "Go back to your course and click the lab’s link again. A lab that you have already is still there.")
    }

    static func otherPortal(_ aim: LinkAim = .lab) -> Page {
        problem(
            "This link is for another portal", "It is genuine, but it was not made for this address.",
            next: "\(words: aim.again)" + ".")
    }

    static func incompleteLink(_ what: Prose, _ aim: LinkAim = .lab) -> Page {
        problem("This link is not complete", what, next: "\(words: aim.again)" + "; if you copied it, copy all of it.")
    }

    /// For a request that does not show that a person has clicked.
    static func openByHand(_ parameters: [(name: String, value: String)], action: String) -> Page {
        let fields = parameters.map { Page.Field(name: $0.name, value: $0.value) }
        return Page(
            panel: Page.Panel(
                heading: "Your lab is ready to be opened",
                paragraphs: ["Nothing has been started yet. The button starts your lab, or leads to it if it runs."],
                form: Page.Form(action: action, label: "Open the lab", fields: fields)))
    }

    static func unknownLab(_ lab: String) -> Page {
        problem(
            "There is no such lab", "The link asks for a lab named “\(name: lab)”, which is not in the catalogue.",
            next: "Tell your instructor, who can correct the link. Nothing was started.")
    }

    /// For an action that was refused.
    static func refusal(_ refusal: LearnerRefusal) -> Page {
        var page = problem(refusal.heading, refusal.what, next: refusal.next)
        if refusal.needsHelp { page.panel.help = .general }
        return page
    }

    // MARK: Access

    static func signInNeeded() -> Page {
        problem(
            "Open the lab from your course",
            "This browser has not come by a lab’s link, or that was too long ago.",
            next: "Click the lab’s link in your course. Your lab and your files are where you left them.")
    }

    static func courseLinkNeeded() -> Page {
        problem(
            "Open this page by its link",
            "This browser has not come by a link for the instructors of a course, or that was too long ago.",
            next: "Follow the link you were given once more, or ask the people who look after the labs for a new one.")
    }

    static func notYours() -> Page {
        problem(
            "This lab is not open to you",
            "Labs are private, and this browser has no key to this one.",
            next: "If it is yours, click the lab’s link in your course once more; that brings the key. Then go back "
                + "to its pages that you still have open, and save your work there.")
    }

    /// For a visit with a new browser, which needs a key to the lab, while none can be issued.
    static func noKeyNow() -> Page {
        problem(
            "Your lab is open, but not in this browser yet",
            "Nothing can be saved about it just now, and a browser that opens a lab for the first time needs a key. "
                + "Where the lab is open already, it goes on, and your files are safe.",
            next: "Wait a minute and click the lab’s link in your course again.")
    }

    static func usedCode() -> Page { refusal(LearnerWords.refusal(.badCode, of: .open)) }

    // MARK: Addresses

    static func unknownHostname() -> Page {
        problem(
            "There is no lab at this address", "No lab has, or ever had, this hostname.",
            next: "Check the address, or click the lab’s link in your course.")
    }

    static func notFound() -> Page { refusal(LearnerWords.refusal(.unknownSession, of: .open)) }

    static func foreignForm() -> Page {
        problem(
            "That was not possible", "The request came from a page of another site, so nothing was changed.",
            next: "Go back to the lab’s own page and try again there.")
    }

    /// For a form of the instructor's page that does not belong to this course, or no longer does.
    static func staleForm() -> Page {
        problem(
            "That was not possible", "The page was of another course than the one whose link was followed last.",
            next: "Follow the link of the course once more.")
    }

    static func foreignFields() -> Page {
        problem(
            "That was not possible", "The form was not one of this page, so nothing was changed.",
            next: "Load the page again and try once more.")
    }

    private static func page(_ heading: String, _ text: Prose) -> Page {
        Page(panel: Page.Panel(heading: heading, paragraphs: [text]))
    }

    private static func problem(_ heading: String, _ what: Prose, next: Prose) -> Page {
        Page(panel: Page.Panel(heading: heading, paragraphs: [what, next]))
    }
}
