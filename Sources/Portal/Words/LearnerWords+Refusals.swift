import Broker
import Launch

/// The action that a learner, or an instructor on the course's page, requested.
enum Wish: CaseIterable {
    /// Opening a lab, again or for the first time.
    case open
    case keep
    case leaveQueue
    /// Extending a lab of their course.
    case extend
}

/// Why a learner's request was refused, as its page says it.
struct LearnerRefusal: Equatable {
    var heading: String
    var what: Prose
    var next: Prose
    /// Set if only the people who look after the labs can help.
    var needsHelp = false

    /// The text for a program.
    var sentence: String { "\(heading). \(Prose.joined([what, next]).plain)" }
}

extension LearnerWords {
    private static let tryAgain: Prose = "Wait a few seconds and try again."
    private static let goBack: Prose = "Go back to see how it is."

    /// The words for a refusal. The core's own message is for operators.
    static func refusal(_ code: BrokerError.Code, of wish: Wish) -> LearnerRefusal {
        switch (code, wish) {
        case (.unknownLab, .extend), (.unknownSession, .extend):
            LearnerRefusal(
                heading: "It cannot be given more time", what: "This lab is not there any more.",
                next: "Load the page again to see which labs there are.")
        case (.unknownLab, _), (.unknownSession, _), (.unknownHost, _), (.unknownReservation, _), (.unknownPool, _):
            LearnerRefusal(
                heading: "There is nothing here", what: "This address leads nowhere.",
                next: "Click the lab’s link in your course.")
        case (.badCode, _):
            LearnerRefusal(
                heading: "This way into the lab is closed",
                what: "It works once and for one minute, and it was used already or is too old.",
                next: "Click the lab’s link in your course again.")
        case (.neverFits, _):
            LearnerRefusal(
                heading: "Your lab cannot start",
                what: "As things are set up now, there is no computer for this lab. Nothing was started.",
                next: "Waiting does not help, so please tell the people who look after the labs.", needsHelp: true)
        case (.storage, _):
            LearnerRefusal(
                heading: "Nothing can be changed just now",
                what: "Nothing was started, and labs that are open go on.",
                next: "Wait a minute and load this page again.")
        case (.stopping, _):
            LearnerRefusal(
                heading: "A moment, please", what: "The service is starting again. Labs that are open go on.",
                next: "Wait a few seconds and load this page again.")
        case (.limit, .keep):
            LearnerRefusal(
                heading: "Your lab needs you",
                what: "It was kept several times in a row, and nothing else happened in it.",
                next: "Do something in the lab, such as running or saving something, and it stays.")
        case (.limit, .extend), (.noSeats, .extend):
            LearnerRefusal(
                heading: "There is no more time to give", what: "That is more time than it can still be given.",
                next: "When it has ended, it can be started again.")
        case (.limit, .leaveQueue), (.noSeats, .leaveQueue), (.noSeats, .keep):
            LearnerRefusal(
                heading: "That did not work just now", what: "Too much is going on at the moment. Nothing was changed.",
                next: tryAgain)
        case (.limit, .open), (.noSeats, .open):
            LearnerRefusal(
                heading: "Your lab cannot start now",
                what: "Too many people are waiting for a lab at the moment. Nothing was started.",
                next: "Wait a few minutes and load this page again.")
        case (.notNow, .leaveQueue):
            LearnerRefusal(
                heading: "You are not in the queue any more", what: "Your lab has got its place in the meantime.",
                next: goBack)
        case (.notNow, .keep):
            LearnerRefusal(
                heading: "Your lab is not running", what: "So there is nothing to keep at the moment.",
                next: goBack)
        case (.notNow, .extend):
            LearnerRefusal(
                heading: "It cannot be given more time now",
                what: "Only a running lab can be given more time, and none whose end has been announced.",
                next: "Look again to see how it is.")
        case (.notNow, .open), (.ambiguous, _), (.badTerms, _):
            LearnerRefusal(
                heading: "That did not work", what: "Something else was just happening to this lab.",
                next: tryAgain)
        }
    }

    /// What is wrong with a link, as the second sentence of its page.
    static func incomplete(_ error: LaunchError) -> Prose {
        switch error.code {
        case .repeatedParameter: "One of its parts is there twice."
        case .missingParameter: "One of its parts is missing."
        default: "One of its parts cannot be right."
        }
    }
}
