import BrokerCore

/// Pages about something that went wrong, or that is not here. Each says what happened and what to do next.
enum NoticePage {
    static func home() -> Page {
        page(
            "Labs open from your course",
            "Follow the lab’s link in your course. It brings you here, and then straight into your own lab.")
    }

    // MARK: Links

    /// What a signed link leads to, which is who can give another one.
    enum LinkAim {
        case lab, course

        /// What to do about a link that cannot be right as it is.
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
            next: aim.again + "; if you copied it, copy all of it.")
    }

    static func expiredLink(_ aim: LinkAim = .lab) -> Page {
        problem(
            "This link has expired",
            "Links are good for a limited time, and this one’s time is over.",
            next: aim == .course
                ? "Ask an operator for a new one."
                : "Go back to your course and click the lab’s link again. A lab that you have already is still there.")
    }

    static func otherPortal(_ aim: LinkAim = .lab) -> Page {
        problem(
            "This link is for another portal", "It is genuine, but it was not made for this address.",
            next: aim.again + ".")
    }

    static func incompleteLink(_ what: String, _ aim: LinkAim = .lab) -> Page {
        problem("This link is not complete", what, next: aim.again + "; if you copied it, copy all of it.")
    }

    static func unknownLab(_ lab: String) -> Page {
        problem(
            "There is no such lab", "The link asks for a lab named “\(lab)”, which is not in the catalogue.",
            next: "Tell your instructor, who can correct the link. Nothing was started.")
    }

    static func noSeat(_ message: String) -> Page {
        problem("Your lab cannot start now", message, next: "Wait a little and load this page again.")
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
            next: "Follow the link you were given once more, or ask an operator for a new one.")
    }

    static func notYours() -> Page {
        problem(
            "This lab is not open to you",
            "Labs are private, and this browser has no key to this one.",
            next: "If it is yours, click the lab’s link in your course once more; that brings the key.")
    }

    static func usedCode() -> Page {
        problem(
            "This way into the lab is closed",
            "It works once and for one minute, and it was used already or is too old.",
            next: "Click the lab’s link in your course again.")
    }

    // MARK: Addresses

    static func unknownHostname() -> Page {
        problem(
            "There is no lab at this address", "No lab has, or ever had, this hostname.",
            next: "Check the address, or click the lab’s link in your course.")
    }

    static func notFound() -> Page {
        problem("There is nothing here", "This address leads nowhere.", next: "Click the lab’s link in your course.")
    }

    static func refused(_ message: String) -> Page {
        problem("That was not possible", message, next: "Go back and try again.")
    }

    static func storage() -> Page {
        problem(
            "Carrel cannot write anything down just now",
            "Nothing was started, and nothing that runs is in danger. The operators can read the cause in the log.",
            next: "Wait a minute and load this page again.")
    }

    private static func page(_ heading: String, _ text: String) -> Page {
        Page(panel: Page.Panel(heading: heading, paragraphs: [text]))
    }

    private static func problem(_ heading: String, _ what: String, next: String) -> Page {
        Page(panel: Page.Panel(heading: heading, paragraphs: [what, next]))
    }
}
