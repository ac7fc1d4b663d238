/// Everything that one page shows.
struct Page: Equatable {
    /// What is on the card.
    struct Panel: Equatable {
        /// A line above the heading: what this is about.
        var over: String?
        var heading: String
        /// What a screen reader is told when it changes.
        var status: String?
        /// What went wrong.
        var problem: String?
        var paragraphs: [String] = []
        var steps: [Step] = []
        var form: Form?
        var link: Link?
        /// Small print at the end.
        var fine: String?
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
    /// Without JavaScript the page loads itself again after so many seconds.
    var refreshSeconds: Int?
}
