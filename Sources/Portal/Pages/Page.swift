/// The contents of one page.
struct Page: Equatable {
    /// The contents of the card.
    struct Panel: Equatable {
        /// A line above the heading that says what this is about.
        var over: Prose?
        var heading: String
        /// What a screen reader announces when it changes.
        var status: String?
        /// The error, if any.
        var problem: Prose?
        var paragraphs: [Prose] = []
        var steps: [Step] = []
        var form: Form?
        var link: Link?
        /// Set if the page names the contact, because the learner cannot fix the problem.
        var help: Help?
        /// Small print at the end.
        var fine: Prose?

        /// Whether something in it is shown in the browser's own time zone.
        var hasMoments: Bool { ([over, problem, fine].compactMap(\.self) + paragraphs).contains { $0.hasMoments } }
    }

    /// What the learner quotes to the people who look after the labs.
    enum Help: Equatable {
        /// `carrel session show` finds the session by this reference.
        case about(reference: String)
        case general
    }

    struct Step: Equatable {
        enum Standing: String { case done, current, pending }
        var label: String
        var detail: String?
        var standing: Standing
    }

    /// A button that changes something.
    struct Form: Equatable {
        var action: String
        var label: String
        /// The path to return to.
        var next: String?
        /// A secondary action, which is shown less prominently.
        var isQuiet = false
        /// Further fields that the form sends.
        var fields: [Field] = []
    }

    struct Field: Equatable {
        var name: String
        var value: String
    }

    struct Link: Equatable {
        var target: String
        var label: String
    }

    /// How the page follows its session.
    struct Live: Equatable {
        var state: String
        /// The path of the event stream.
        var events: String
        /// Where to go when the session runs; `nil` for this page's own address.
        var next: String?
        /// The page does not navigate when the session runs.
        var stays = false
    }

    var panel: Panel
    var live: Live?
    /// Without JavaScript, the page reloads itself after this number of seconds.
    var refreshSeconds: Int?

    /// Other pages have no work for the script. It is also left out of a page that was not opened by a person's click.
    var isScripted: Bool { live != nil || panel.hasMoments }
}
