import BrokerCore
import Testing

@testable import Broker
@testable import Portal

@Suite("A session on its page")
struct SessionPanelTests {
    private func lines(_ view: SessionView) -> [String] {
        Page.Panel(view, at: .portal(slug)).steps.map { step in
            "\(step.standing.rawValue): \(step.label)" + (step.detail.map { " (\($0))" } ?? "")
        }
    }

    @Test("In the queue, the place and the estimate are shown and everything else lies ahead")
    func queued() {
        let view = view("queued", reason: "All seats are taken.", position: 3, length: 7, estimate: 43)
        #expect(
            lines(view) == [
                "current: In the queue (Place 3 of 7, about 45 seconds)", "pending: Choosing a computer",
                "pending: Preparing the lab", "pending: Starting the lab", "pending: Waiting for JupyterLab",
                "pending: Opening the lab",
            ])
        let panel = Page.Panel(view, at: .portal(slug))
        #expect(panel.status == "In the queue: Place 3 of 7, about 45 seconds.")
        #expect(panel.form == FormModel(action: "/sessions/\(slug)/leave", label: "Leave the queue", isQuiet: true))
    }

    @Test("While starting, the steps behind are done, with what they did")
    func starting() {
        #expect(
            lines(view("starting", step: "creating", host: "h2")) == [
                "done: There is a place for you", "done: Computer chosen", "current: Preparing the lab",
                "pending: Starting the lab", "pending: Waiting for JupyterLab", "pending: Opening the lab",
            ])
        #expect(
            lines(view("starting", step: "waiting", host: "h2", kind: .rstudio)) == [
                "done: There is a place for you", "done: Computer chosen", "done: Lab prepared", "done: Lab started",
                "current: Waiting for RStudio", "pending: Opening the lab",
            ])
        #expect(lines(view("starting", step: "starting", host: "h2"))[3] == "current: Starting the lab")
        #expect(
            Page.Panel(view("starting"), at: .portal(slug)).fine?.plain
                == "While your lab is open, \(slug).labs.test/.carrel/ shows when it ends.")
        #expect(lines(view("running", host: "h2"))[4...] == ["done: JupyterLab answers", "current: Opening the lab"])
    }

    @Test("Exactly one step is current until the lab runs", arguments: StartStep.allCases)
    func oneCurrentStep(step: StartStep) {
        let steps = Page.Panel(view("starting", step: step.rawValue, host: "h"), at: .portal(slug)).steps
        #expect(steps.filter { $0.standing == .current }.count == 1)
    }

    @Test("A failure offers another try and help; an end says why and offers a new start")
    func over() {
        let failed = Page.Panel(view("failed", reason: "The image is missing."), at: .portal(slug))
        #expect(failed.problem == LearnerWords.current.failed(keepsFiles: true))
        #expect(failed.help == .about(reference: slug.reference))
        #expect(failed.form == FormModel(action: "/sessions/\(slug)/restart", label: "Try again", next: nil))
        var view = view("ended", reason: "Ended by you.")
        view.endReason = .learnerEnded
        let ended = Page.Panel(view, at: .lab(path: "/lab/tree/a.ipynb?x=1"))
        #expect(ended.paragraphs.map(\.plain) == ["You ended it. Your files are kept."])
        let form = FormModel(action: "/.carrel/restart", label: "Start again", next: "/lab/tree/a.ipynb?x=1")
        #expect(ended.form == form && ended.help == nil)
        #expect(ended.status == "Your lab has ended. You ended it. Your files are kept.")
        view.keepsFiles = false
        #expect(
            Page.Panel(view, at: .portal(slug)).paragraphs.map(\.plain) == ["You ended it. This lab keeps no files."])
    }

    @Test("A lab that stopped by itself at its start is not called our fault, and its learner reads whom to ask")
    func stoppedAtStart() throws {
        var view = view("failed", reason: "The lab stopped with exit code 1 before it was ready.")
        view.fault = .lab
        let panel = Page.Panel(view, at: .portal(slug))
        let words = try #require(panel.problem).plain
        #expect(words.hasPrefix("The program in your lab stopped by itself while it was starting. Something in your"))
        #expect(!words.contains("our side") && words.hasSuffix("Please leave 2 minutes between two tries."))
        #expect(panel.help == .about(reference: slug.reference) && panel.form?.label == "Try again")
        view.keepsFiles = false
        #expect(Page.Panel(view, at: .portal(slug)).problem?.plain.contains("files") == false)
        view.fault = .ours
        #expect(Page.Panel(view, at: .portal(slug)).problem?.plain.contains("on our side") == true)
    }

    @Test("A lab on its way to its end can be started again, unless it is no longer offered")
    func ending() {
        var view = view("ending")
        let again = "You can start it again in a moment."
        for reason in [nil, EndReason.learnerEnded] {
            view.endReason = reason
            #expect(Page.Panel(view, at: .portal(slug)).paragraphs.last?.plain == again)
        }
        view.endReason = .removed(what: "the lab python")
        #expect(
            Page.Panel(view, at: .portal(slug)).paragraphs.map(\.plain) == [
                "It ended because this lab is no longer offered. Your files are kept."
            ])
    }

    @Test("A page follows its session while something can happen, and knows where the lab opens")
    func live() {
        let portal = Page(view("queued"), at: .portal(slug))
        #expect(
            portal.live
                == LiveModel(state: "queued", events: "/sessions/\(slug)/events", next: "/sessions/\(slug)/open"))
        #expect(portal.refreshSeconds == PortalLimits.refreshSeconds)
        // On the lab's hostname the lab opens at the page's own address, which only the browser knows completely.
        let lab = Page(view("starting"), at: .lab(path: "/lab?a=1&b=ü"))
        #expect(lab.live?.next == nil)
        #expect(lab.live?.events == "/.carrel/events?next=%2Flab%3Fa%3D1%26b%3D%C3%BC")
        for state in ["ended", "failed"] {
            #expect(Page(view(state), at: .portal(slug)).live == nil)
            #expect(Page(view(state), at: .portal(slug)).refreshSeconds == nil)
        }
    }

    @Test("The current step is marked for screen readers, and without JavaScript the page loads itself again")
    func accessibleMarkup() throws {
        let html = try html(Page(view("starting", step: "waiting", host: "h2"), at: .portal(slug)))
        #expect(html.contains("<li class=\"current\" aria-current=\"step\">Waiting for JupyterLab</li>"))
        #expect(html.contains("<span class=\"hidden\"> (done)</span>"))
        #expect(html.contains("role=\"status\">Waiting for JupyterLab.</p>"))
        #expect(html.contains("<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>"))
        #expect(try !PortalTests.html(NoticePage.home()).contains("http-equiv"))
    }

    // MARK: How long it stays

    private static let now = Timestamp(milliseconds: 1_700_000_000_000)

    private func stay(
        _ cause: EndReason.Cause, in seconds: Int64, warned: Bool, keepsLeft: Int = 4
    ) -> Page.Panel {
        var view = view("running")
        view.endsAt = Self.now + .seconds(seconds)
        view.endsBy = cause
        view.isWarned = warned
        view.keepsLeft = keepsLeft
        view.lifetimeEndsAt = Self.now + .seconds(7200)
        return Page.Panel(view, at: .stay, now: Self.now)
    }

    @Test("A running lab says how long it stays, and leads back")
    func stays() {
        let panel = stay(.idle, in: 1500, warned: false)
        #expect(panel.heading == "Your lab runs")
        #expect(
            panel.paragraphs.map(\.plain) == [
                "If nobody uses it, it ends at 22:38 UTC. Your files are kept.",
                "In any case it ends on Wednesday at 00:13 UTC.",
            ])
        #expect(panel.form == nil)
        #expect(panel.link == LinkModel(target: "/", label: "Back to the lab"))
    }

    @Test("A lab that keeps no files says so before it ends for idleness, and what to do")
    func keepsNoFiles() {
        var view = view("running")
        view.endsAt = Self.now + .seconds(1500)
        view.endsBy = .idle
        view.keepsFiles = false
        #expect(
            Page.Panel(view, at: .stay, now: Self.now).paragraphs.map(\.plain) == [
                "If nobody uses it, it ends at 22:38 UTC. This lab keeps no files, so please download what you need "
                    + "before then."
            ])
    }

    @Test("Shortly before an idle end it offers to keep it, as long as that helps")
    func keep() {
        let panel = stay(.idle, in: 240, warned: true)
        #expect(panel.heading == "Your lab ends soon" && panel.status == "Your lab ends soon.")
        #expect(panel.form == FormModel(action: "/.carrel/keep", label: "Keep it", next: "/.carrel/"))
        let often = stay(.idle, in: 240, warned: true, keepsLeft: 0)
        #expect(often.form == nil)
        #expect(often.paragraphs.last?.plain.contains("do something in the lab") == true)
    }

    @Test("Before an end that nothing moves, it says to save", arguments: [EndReason.Cause.lifetime, .drain])
    func save(cause: EndReason.Cause) {
        let panel = stay(cause, in: 240, warned: true)
        #expect(panel.form == nil)
        #expect(panel.paragraphs.first?.plain.contains("ends at 22:17 UTC, whatever happens in it") == true)
        #expect(panel.paragraphs.last?.plain.hasPrefix("Please save your work") == true)
        #expect(stay(cause, in: 3000, warned: false).paragraphs.count == 1)
    }

    /// A running lab whose end an operator has announced, and the first cause that ends it.
    private func announced(
        in seconds: Int64, first cause: EndReason.Cause, in delay: Int64, warned: Bool
    ) -> SessionView {
        var view = view("running")
        view.endsAt = Self.now + .seconds(delay)
        view.endsBy = cause
        view.isWarned = warned
        view.keepsLeft = 4
        view.lifetimeEndsAt = Self.now + .seconds(86_400)
        view.announcedEndAt = Self.now + .seconds(seconds)
        view.announcedNote = "The room closes"
        return view
    }

    @Test("An announced end that comes first is all there is to say, with who, when and why")
    func announcedFirst() {
        let view = announced(in: 300, first: .operatorEnds, in: 300, warned: true)
        let panel = Page.Panel(view, at: .stay, now: Self.now)
        #expect(panel.heading == "Your lab ends soon" && panel.status == "Your lab ends soon." && panel.form == nil)
        #expect(
            panel.paragraphs.map(\.plain) == [
                "It is going to be ended at 22:18 UTC by the people who look after the labs, who say: “The room closes”.",
                "Please save your work now. Your files are kept, and you can start again afterwards.",
            ])
        let status = StayStatus(view, contact: nil, now: Self.now)
        #expect(status.isWarned && status.action == nil && status.paragraphs == panel.paragraphs)
    }

    @Test("An announced end that is far away is told of, and is not soon")
    func announcedFarAway() {
        let view = announced(in: 28_800, first: .operatorEnds, in: 28_800, warned: true)
        let panel = Page.Panel(view, at: .stay, now: Self.now)
        #expect(panel.heading == "Your lab runs")
        #expect(panel.status == "Your lab runs. Its end has been announced.")
        #expect(panel.paragraphs.count == 2 && panel.form == nil)
        #expect(StayStatus(view, contact: nil, now: Self.now).isWarned)
    }

    @Test(
        "An announced end hides no earlier one, nor what can be done about that", arguments: [120, 28_800] as [Int64])
    func announcedLater(seconds: Int64) {
        let view = announced(in: seconds, first: .idle, in: 60, warned: true)
        let panel = Page.Panel(view, at: .stay, now: Self.now)
        #expect(panel.heading == "Your lab ends soon")
        #expect(panel.paragraphs.count == 3)
        #expect(panel.paragraphs.first?.plain.hasPrefix("It is going to be ended") == true)
        #expect(panel.paragraphs.last?.plain == "If nobody uses it, it ends at 22:14 UTC. Your files are kept.")
        #expect(panel.form?.label == "Keep it")
        let status = StayStatus(view, contact: nil, now: Self.now)
        #expect(status.isWarned && status.action?.label == "Keep it" && status.paragraphs == panel.paragraphs)
    }

    @Test("An earlier end that is not near is on the page, and a program is told of it once it is")
    func announcedMuchLater() {
        let view = announced(in: 28_800, first: .idle, in: 1500, warned: false)
        let panel = Page.Panel(view, at: .stay, now: Self.now)
        #expect(panel.heading == "Your lab runs" && panel.form == nil)
        #expect(panel.paragraphs.last?.plain == "If nobody uses it, it ends at 22:38 UTC. Your files are kept.")
        let status = StayStatus(view, contact: nil, now: Self.now)
        #expect(status.isWarned && status.paragraphs == Array(panel.paragraphs.prefix(2)))
    }

    @Test("Before an earlier end that nothing moves, to save is said once")
    func announcedAfterLifetime() {
        let view = announced(in: 600, first: .lifetime, in: 240, warned: true)
        let panel = Page.Panel(view, at: .stay, now: Self.now)
        #expect(panel.heading == "Your lab ends soon" && panel.form == nil)
        #expect(panel.paragraphs.last?.plain.hasPrefix("It ends at 22:17 UTC, whatever happens in it") == true)
        #expect(panel.paragraphs.count { $0.plain.hasPrefix("Please save your work") } == 1)
    }

    @Test("A program of the lab's page is told what to say once the lab is away, and when memory ran out")
    func status() {
        var view = view("ended")
        view.endReason = .exited(code: 137, outOfMemory: true)
        let over = StayStatus(view, contact: nil, now: Self.now)
        #expect(over.heading == "Your lab has ended")
        #expect(over.paragraphs.first?.plain.contains("more memory than it may") == true)
        #expect(over.action == StayStatus.Action(path: "/.carrel/restart", label: "Start again"))
        var running = PortalTests.view("running")
        running.memoryWarnedAt = Self.now
        let memory = StayStatus(running, contact: nil, now: Self.now)
        #expect(memory.memory == StayStatus.Memory(at: Self.now, message: LearnerWords.current.outOfMemory))
        #expect(!memory.paragraphs.contains(LearnerWords.current.outOfMemory))
        running.isOutOfReach = true
        let away = StayStatus(running, contact: nil, now: Self.now)
        #expect(away.isOutOfReach && away.heading == "Your lab does not answer" && away.help != nil)
    }

    @Test("The page that says how long it stays does not leave when the lab runs")
    func stayPage() throws {
        let page = Page(view("running"), at: .stay)
        #expect(page.live == LiveModel(state: "running", events: "/.carrel/events?page=stay", next: nil, stays: true))
        #expect(page.refreshSeconds == PortalLimits.stayRefreshSeconds)
        #expect(try html(page).contains("data-stays=\"1\""))
        #expect(try !html(Page(view("running"), at: .lab(path: "/"))).contains("data-stays="))
        let ended = Page.Panel(view("ended"), at: .stay)
        #expect(ended.form == FormModel(action: "/.carrel/restart", label: "Start again", next: "/"))
    }
}
