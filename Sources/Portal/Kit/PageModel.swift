/// What a page shows, as plain values.
protocol PageModel: Equatable, Sendable {
    static var template: PageTemplate { get }
    /// The title of the tab and the first heading.
    var heading: String { get }
    /// Whether the script has work on it.
    var isScripted: Bool { get }
    /// Whether it is for a visitor, who can sign out.
    var offersSignOut: Bool { get }

    /// The template's data.
    ///
    /// - Parameter words: of the language in which the page is written.
    func values(_ words: LearnerWords, contact: Contact?) -> PageValues
}

/// The templates that are rendered by themselves; others are parts of these. Each is a file of the folder `Files`.
enum PageTemplate: String, CaseIterable {
    /// A page with one card.
    case page
    /// The contents of that card, which the event stream replaces.
    case panel
    /// The labs of a course.
    case course
}
