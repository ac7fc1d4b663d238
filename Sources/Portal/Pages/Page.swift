/// Everything that one page shows.
struct Page: Equatable {
    /// What is on the card.
    struct Panel: Equatable {
        /// A line above the heading: what this is about.
        var over: Prose?
        var heading: String
        /// What a screen reader is told when it changes.
        var status: String?
        /// What went wrong.
        var problem: Prose?
        var paragraphs: [Prose] = []
        var steps: [Step] = []
        var form: Form?
        var link: Link?
        /// Whom to turn to is said, because what happened is beyond the learner.
        var help: Help?
        /// Small print at the end.
        var fine: Prose?

        /// Something in it is shown in the browser's own time zone.
        var hasMoments: Bool { ([over, problem, fine].compactMap(\.self) + paragraphs).contains { $0.hasMoments } }
    }

    /// Where the people who look after the labs are told what this is about.
    enum Help: Equatable {
        /// `carrel session show` finds the session by it.
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
        /// The path to come back to.
        var next: String?
        /// Not what most people want here.
        var isQuiet = false
        /// What else the form sends.
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
        /// The path of the stream of events.
        var events: String
        /// Where to go when the session runs; none: this page's own address.
        var next: String?
        /// The page stays where it is when the session runs.
        var stays = false
    }

    var panel: Panel
    var live: Live?
    /// Without JavaScript the page loads itself again after this number of seconds.
    var refreshSeconds: Int?

    /// Elsewhere the script has nothing to do. Nor does a page have one that no person's click has opened.
    var isScripted: Bool { live != nil || panel.hasMoments }
}
