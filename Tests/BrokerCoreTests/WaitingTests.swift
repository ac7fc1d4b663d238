import Testing
import Words

@testable import BrokerCore

@Suite("What a queued session waits for")
struct WaitingTests {
    private func cause(_ id: SessionID, _ scene: Scene) -> Waiting.Cause? {
        scene.core.waiting(of: id, at: scene.now)?.cause
    }

    private func text(_ id: SessionID, _ scene: Scene) -> String {
        scene.core.waiting(of: id, at: scene.now)?.operatorText ?? ""
    }

    @Test(
        "Slots that are taken, and memory that is taken beside free slots, are told apart; both say until when at most")
    func taken() {
        var full = Scene.ready(hosts: [.small("h1", slots: 1)])
        full.run("a")
        let end = full.now + Lab.python.maximumLifetime
        full.launch("b")
        full.launch("c")
        #expect(cause("b", full) == .seatsTaken)
        #expect(full.core.waiting(of: "b", at: full.now)?.seatBy == end)
        // No other session could leave and free a seat.
        #expect(full.core.waiting(of: "c", at: full.now)?.seatBy == nil)
        #expect(full.core.waiting(of: "c", at: full.now)?.ahead == 1)
        #expect(text("c", full).hasSuffix("One other session comes first."))
        var heavy = Scene.ready(hosts: [.small("h1", memory: 8)])
        heavy.run("a", lab: "big")
        heavy.launch("b", lab: "big")
        #expect(cause("b", heavy) == .memoryTaken(needed: 6 * gibibyte))
        #expect(text("b", heavy).contains("no host has 6 GiB left"))
    }

    @Test("Seats that are held for a reservation are named as such, with the reservation and its times")
    func held() {
        var scene = Scene.reserving(hosts: [.small("h1", starts: 4)], labs: [.short])
        let terms = scene.terms(seats: 4, after: .seconds(1200))
        #expect(scene.reserve("r", seats: 4, after: .seconds(1200)) == .reservation("r"))
        scene.launch("a")
        let held = Waiting.Cause.seatsHeld(reservations: ["r"], from: terms.opensAt, until: terms.to)
        #expect(cause("a", scene) == held)
        #expect(scene.core.waiting(of: "a", at: scene.now)?.seatBy == terms.to)
        #expect(text("a", scene).contains("held for the reservation r (from \(terms.opensAt.text) until"))
        let why = scene.core.explain(scene.core.session("a")!, story: [], at: scene.now)
        #expect(why.waiting?.cause == held && why.summary == text("a", scene))
    }

    @Test("A moment is promised where seats are held only to who is next, and with the overrun")
    func heldWithOverrun() {
        var scene = Scene.reserving(hosts: [.small("h1", starts: 4)], labs: [.short])
        let terms = scene.terms(seats: 4, after: .seconds(1200), overrun: .seconds(900))
        #expect(
            scene.reserve("r", seats: 4, after: .seconds(1200), overrun: .seconds(900)) == .reservation("r"))
        scene.launch("a")
        scene.launch("b")
        let held = Waiting.Cause.seatsHeld(reservations: ["r"], from: terms.opensAt, until: terms.to)
        #expect(cause("a", scene) == held && cause("b", scene) == held)
        #expect(scene.core.waiting(of: "a", at: scene.now)?.seatBy == terms.to + .seconds(900))
        #expect(scene.core.waiting(of: "b", at: scene.now)?.ahead == 1)
        #expect(scene.core.waiting(of: "b", at: scene.now)?.seatBy == nil)
    }

    @Test("No moment is promised where another reservation holds the seats from the end of the first one")
    func heldBackToBack() {
        var scene = Scene.reserving(hosts: [.small("h1", starts: 4)], labs: [.short])
        let first = scene.terms(seats: 4, after: .seconds(1200))
        #expect(scene.reserve("r1", seats: 4, after: .seconds(1200)) == .reservation("r1"))
        scene.launch("a")
        #expect(scene.core.waiting(of: "a", at: scene.now)?.seatBy == first.endsAt)
        // Its lead begins at the moment when the first one is over.
        let after = first.endsAt + .seconds(600) - scene.now
        #expect(scene.reserve("r2", seats: 4, after: after) == .reservation("r2"))
        #expect(
            cause("a", scene) == .seatsHeld(reservations: ["r1"], from: first.opensAt, until: first.to))
        #expect(scene.core.waiting(of: "a", at: scene.now)?.seatBy == nil)
    }

    @Test("A seat that somebody leaves is not promised where a reservation holds it from then on")
    func takenThenHeld() {
        var scene = Scene.reserving(hosts: [.small("h1", slots: 1)], labs: [.short])
        scene.run("a")
        scene.launch("b")
        let end = scene.now + Lab.short.maximumLifetime
        #expect(cause("b", scene) == .seatsTaken)
        #expect(scene.core.waiting(of: "b", at: scene.now)?.seatBy == end)
        let after = Lab.short.maximumLifetime + .seconds(600)
        #expect(scene.reserve("r", seats: 1, after: after) == .reservation("r"))
        #expect(cause("b", scene) == .seatsTaken)
        #expect(scene.core.waiting(of: "b", at: scene.now)?.seatBy == nil)
        scene.send(.cancelReservation("r", request: scene.request()))
        #expect(scene.core.waiting(of: "b", at: scene.now)?.seatBy == end)
    }

    @Test("A reserved seat that its learner leaves before the end is not promised to somebody else")
    func reservedThenLeft() {
        var scene = Scene.reserving(hosts: [.small("h1", slots: 1)], labs: [.short])
        scene.reserve("r", seats: 1)
        scene.wait(.seconds(3000))
        scene.launch("a", context: "course-1")
        scene.ready("a")
        #expect(scene.core.session("a")?.reservation == "r" && scene.state("a")?.name == "running")
        scene.launch("b", learner: "other")
        #expect(cause("b", scene) == .seatsTaken)
        #expect(scene.core.waiting(of: "b", at: scene.now)?.seatBy == nil)
    }

    @Test("Starts that are paced are not called a want of seats")
    func paced() {
        var scene = Scene.ready(hosts: [.small("h1", starts: 1)])
        scene.launch("a")
        scene.launch("b")
        #expect(cause("b", scene) == .startsPaced(underWay: 1))
        #expect(text("b", scene).contains("1 lab is being started, as many as the hosts can start at the same time"))
    }

    @Test("A seat that is kept for a larger lab says so to those behind it")
    func larger() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 4, memory: 8, starts: 4)])
        scene.run("a")
        scene.run("b")
        scene.run("c")
        scene.launch("d", lab: "big")
        scene.launch("e")
        #expect(cause("d", scene) == .memoryTaken(needed: 6 * gibibyte))
        #expect(cause("e", scene) == .largerLabFirst)
    }

    @Test("With labels, the hosts that have them are meant; with files on a host, that host")
    func narrow() {
        var gpu = HostSpec.small("h2")
        gpu.labels = ["gpu": "true"]
        var lab = Lab.of("vision")
        lab.requires = ["gpu": "true"]
        var scene = Scene.ready(hosts: [.small("h1"), gpu], labs: [.python, lab])
        scene.send(.cordon(host: "h2", request: scene.request()))
        scene.launch("a", lab: "vision")
        #expect(cause("a", scene) == .hostsClosed)
        #expect(
            text("a", scene) == "Waiting: every host with gpu=true, which this lab asks for, is closed for maintenance."
        )
        var bound = Scene.ready(hosts: [.small("h1", slots: 1), .small("h2")], sharedHomes: false)
        bound.send(.cordon(host: "h2", request: bound.request()))
        bound.run("a", learner: "ann")
        bound.send(.uncordon(host: "h2", request: bound.request()))
        bound.launch("b", learner: "ann", lab: "rstudio")
        #expect(bound.core.waiting(of: "b", at: bound.now)?.home == "h1")
        #expect(
            text("b", bound).hasPrefix(
                "Waiting: the files of this learner are on the host h1, where all seats are taken."))
    }

    @Test("A learner leaves the queue: the session ends with that reason, and the next one moves up")
    func leaving() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)])
        scene.run("a")
        scene.launch("b")
        scene.launch("c")
        let request = scene.request()
        let actions = scene.send(.leaveQueue("b", request: request))
        #expect(actions.contains(.answer(request, .session("b"))) && actions.last == .queueMoved)
        #expect(scene.storedSessions.map(\.state) == [.ended(reason: .leftQueue, at: scene.now)])
        #expect(scene.core.queuePosition(of: "c") == 1)
        #expect(scene.stories.first?.reason.hasPrefix("You left the queue") == true)
    }

    @Test("Who has a seat by now does not lose it by leaving the queue")
    func tooLate() {
        var scene = Scene.ready()
        scene.launch("a")
        let answer = scene.answer(to: .leaveQueue("a", request: scene.request()))
        let isRefused = if case .refused(.notNow)? = answer { true } else { false }
        #expect(isRefused)
        #expect(scene.state("a")?.name == "starting")
        #expect(
            scene.answer(to: .leaveQueue("zz", request: scene.request())) == .refused(.unknownSession("zz")))
    }
}

@Suite("What can never be")
struct MisfitTests {
    private var gpu: HostSpec {
        var host = HostSpec.small("h2")
        host.labels = ["gpu": "true"]
        return host
    }

    private var ssd: HostSpec {
        var host = HostSpec.small("h1")
        host.labels = ["disk": "ssd"]
        return host
    }

    private func lab(_ name: String, _ requires: [String: String], files: LabFiles = .home) -> Lab {
        var lab = Lab.of(name)
        lab.requires = requires
        lab.files = files
        return lab
    }

    @Test(
        "With homes as volumes, labs that no host could serve both are found; shared homes and labs without files are fine"
    )
    func apart() {
        let labs = [lab("a", ["disk": "ssd"]), lab("b", ["gpu": "true"]), lab("c", [:])]
        let pairs = LabsApart.pairs(of: labs, on: [ssd, gpu], sharedHomes: false)
        #expect(pairs == [LabsApart(first: "a", second: "b")])
        #expect(LabsApart.pairs(of: labs, on: [ssd, gpu], sharedHomes: true).isEmpty)
        let fileless = [labs[0], lab("b", ["gpu": "true"], files: .none)]
        #expect(LabsApart.pairs(of: fileless, on: [ssd, gpu], sharedHomes: false).isEmpty)
        // A lab that no host can serve is reported elsewhere.
        let nowhere = [labs[0], lab("b", ["gpu": "none"])]
        #expect(LabsApart.pairs(of: nowhere, on: [ssd, gpu], sharedHomes: false).isEmpty)
    }

    @Test("A launch that the host of the learner's files can never serve is refused, and operators read what to change")
    func labels() throws {
        let labs = [lab("a", ["disk": "ssd"]), lab("b", ["gpu": "true"])]
        var scene = Scene.ready(hosts: [ssd, gpu], labs: labs, sharedHomes: false)
        scene.run("s", learner: "ann", lab: "a")
        let answer = scene.answer(
            to: .launch(learner: .named("ann"), lab: "b", newID: "t", request: scene.request()))
        let misfit = Misfit.homeHostLabels(host: "h1", lab: "b", labels: ["gpu": "true"])
        #expect(answer == .refused(.neverFits(misfit)))
        #expect(misfit.operatorText.contains("volume on the host h1"))
        #expect(misfit.operatorText.contains("(homes in the configuration)"))
    }

    @Test("A lab that keeps no files goes to any host, and leaves no home behind")
    func fileless() {
        let labs = [lab("a", ["disk": "ssd"]), lab("b", ["gpu": "true"], files: .none)]
        var scene = Scene.ready(hosts: [ssd, gpu], labs: labs, sharedHomes: false)
        scene.run("t", learner: "ann", lab: "b")
        scene.run("s", learner: "ann", lab: "a")
        #expect(scene.host("t") == "h2" && scene.host("s") == "h1")
    }

    @Test("Warm seats that cannot be are said when they are reserved, with a roster as the way out")
    func warm() {
        var scene = Scene.reserving(sharedHomes: false)
        func shortfall(seats: Int, warm: Int, roster: Set<String> = []) -> WarmShortfall? {
            var terms = scene.terms(seats: seats, roster: roster)
            terms.warmPercent = warm
            return scene.core.warmShortfall(of: terms, on: ["h1": seats])
        }
        #expect(shortfall(seats: 3, warm: 100)?.possible == 0)
        #expect(shortfall(seats: 3, warm: 100)?.text.hasPrefix("None of its seats can be warm") == true)
        #expect(shortfall(seats: 3, warm: 100, roster: ["ann"])?.possible == 1)
        #expect(shortfall(seats: 3, warm: 100, roster: ["ann", "bob", "cas"]) == nil)
        #expect(shortfall(seats: 3, warm: 0) == nil)
        scene = Scene.reserving()
        #expect(shortfall(seats: 3, warm: 100) == nil)
        scene.send(.hostProbed(host: "h1", .impossible(reason: "no mount propagation")))
        #expect(shortfall(seats: 3, warm: 100)?.text.contains("no mount propagation") == true)
    }
}
