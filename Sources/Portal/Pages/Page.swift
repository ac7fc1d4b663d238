import Words

/// The contents of a page with one card.
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
        var steps: [StepModel] = []
        var form: FormModel?
        var link: LinkModel?
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

    var panel: Panel
    var live: LiveModel?
    /// Without JavaScript, the page reloads itself after this number of seconds.
    var refreshSeconds: Int?
    var offersSignOut = false
}

extension Page: PageModel {
    static let template = PageTemplate.page

    var heading: String { panel.heading }

    /// Other pages have no work for the script. It is also left out of a page that was not opened by a person's click.
    var isScripted: Bool { live != nil || panel.hasMoments }

    func values(_ words: LearnerWords, contact: Contact?) -> PageValues {
        var values: PageValues = ["panel": .group(panel.values(words, contact: contact))]
        values["refreshSeconds"] = refreshSeconds.map { .number(Int64($0)) }
        values["live"] = live.map { .group($0.values) }
        return values
    }
}

extension Page.Panel {
    func values(_ words: LearnerWords, contact: Contact?) -> PageValues {
        var values: PageValues = [
            "heading": .text(heading), "paragraphs": .proses(paragraphs), "hasSteps": .flag(!steps.isEmpty),
            "steps": .list(steps.map(\.values)),
        ]
        values["over"] = over.map { .prose($0) }
        values["status"] = status.map { .text($0) }
        values["problem"] = problem.map { .prose($0) }
        values["fine"] = fine.map { .prose($0) }
        values["help"] = help.map { .prose(words.help($0, contact)) }
        values["form"] = form.map { .group($0.values) }
        values["link"] = link.map { .group($0.values) }
        return values
    }
}
