import Broker
import BrokerCore
import Identity
import Literals
import Testing
import Words

@testable import Doors
@testable import Portal

@Suite("What an instructor reads of a lab")
struct CoursePageTests {
    private static let now = Timestamp(milliseconds: 1_700_000_100_000)
    func page(_ views: [SessionView] = [], extended: Int? = nil, failures: [Prose] = []) -> CoursePage {
        CoursePage(
            course: Course(portal: "school", context: "101"), visitor: "Grace Hopper", sessions: views,
            count: views.count, bound: .seconds(3600), extended: extended,
            failures: failures, now: Self.now)
    }

    @Test(
        "Its end is told as what it is: parked or ended for idleness, or in any case",
        arguments: [
            (EndReason.Cause.idle, Int64?.none, "ends in about 25 minutes if it stays unused"),
            (.idle, 7200, "is parked in about 25 minutes if it stays unused"),
            (.lifetime, 7200, "ends in about 25 minutes in any case"),
            (.drain, nil, "ends in about 25 minutes in any case"),
        ])
    func ends(by cause: EndReason.Cause, parksFor: Int64?, words: String) {
        var view = view("running")
        view.endsAt = Self.now + .seconds(1500)
        view.endsBy = cause
        view.parksForSeconds = parksFor
        #expect(page([view]).rows[0].facts.contains(words), "\(page([view]).rows[0].facts)")
    }

    @Test("More time is said in numbers, and that there was nobody to give it to, too")
    func notice() {
        #expect(page().notice == nil)
        #expect(page(extended: 0).notice == "No lab of this course runs that could have more time.")
        #expect(page(extended: 1).notice == "1 lab has more time now.")
        #expect(page(extended: 2).notice == "2 labs have more time now.")
    }

    @Test("What is wrong with a link is told with what its owner can do about it")
    func links() {
        for code in [LaunchError.Code.wrongSignature, .expired, .wrongPortal, .missingParameter] {
            let error = LaunchError(code, nil, "")
            let (lab, course) = (NoticePage.refusedLaunch(error), NoticePage.refusedLaunch(error, to: .course))
            #expect(lab.status == course.status)
            #expect(lab.page.panel.paragraphs.last?.plain.contains("the lab’s link") == true)
            let next = course.page.panel.paragraphs.last?.plain ?? ""
            #expect(next.hasPrefix(code == .expired ? "Ask the people" : "Follow the link you were given"), "\(next)")
        }
    }
}
