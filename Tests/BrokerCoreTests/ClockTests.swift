import Literals
import Testing

@testable import BrokerCore

/// The wall clock is set while labs run, sessions wait, and hosts are silent.
@Suite("A wall clock that jumps")
struct ClockTests {
    static let jumps: [Duration] = [.seconds(86_400), .seconds(-86_400), .seconds(300)]

    private func jump(_ scene: inout Scene, by duration: Duration) {
        scene.now = scene.now + duration
        scene.send(.clockJumped(by: duration))
    }

    private func lab(parksFor: Duration = .zero) -> Lab {
        var lab = Lab.of("python", idle: .seconds(600), lifetime: .seconds(3600))
        lab.idleWarning = .seconds(120)
        lab.parksFor = parksFor
        return lab
    }

    @Test("A lab that was used seconds ago is neither ended nor warned, and has as long as it had", arguments: jumps)
    func used(by jump: Duration) {
        var scene = Scene.ready(labs: [lab()])
        scene.run("a")
        scene.wait(.seconds(400))
        scene.send(.activity(["a": scene.now]))
        self.jump(&scene, by: jump)
        #expect(scene.storedSessions.map(\.id) == ["a"], "what has moved is written")
        #expect(scene.stories.map(\.state) == ["note"])
        #expect(scene.core.idleEndsAt("a") == scene.now + .seconds(600))
        #expect(scene.core.lifetimeEndsAt("a") == scene.now + .seconds(3200))
        scene.wait(.seconds(479))
        #expect(scene.state("a")?.name == "running")
        #expect(scene.stories.isEmpty, "no warning: \(scene.stories)")
    }

    @Test("A lab that was nearly idle gets a fresh grace, and ends after it, with a warning before", arguments: jumps)
    func grace(by jump: Duration) {
        var scene = Scene.ready(labs: [lab()])
        scene.run("a")
        scene.wait(.seconds(590))
        self.jump(&scene, by: jump)
        #expect(scene.core.idleEndsAt("a") == scene.now + Limits.returnGrace)
        let actions = scene.wait(Limits.returnGrace)
        #expect(scene.stories.contains { $0.reason.hasSuffix("the learner is warned.") })
        #expect(actions.contains(.askLab("a", epoch: 1, .of("a"))))
        scene.send(.labReported("a", epoch: 1, .quiet(lastActivity: nil)))
        #expect(scene.state("a")?.name == "ending")
    }

    @Test("The question to a lab, and a busy kernel's next one, wait as long as before", arguments: jumps)
    func asked(by jump: Duration) {
        var scene = Scene.ready(labs: [lab()])
        scene.run("a")
        scene.wait(.seconds(600))
        self.jump(&scene, by: jump)
        // The lab was asked at this moment and has the full time to answer.
        #expect(scene.core.nextDeadline == scene.now + Limits.labReportTimeout)
        var busy = scene
        // The answer arrives normally and the grace applies: it is as long as the warning, which is therefore issued at
        // once.
        scene.send(.labReported("a", epoch: 1, .quiet(lastActivity: nil)))
        #expect(scene.state("a")?.name == "running")
        #expect(scene.stories.map(\.reason) == ["Without activity it ends in 2 min: the learner is warned."])
        #expect(scene.core.nextDeadline == scene.now + Limits.returnGrace)
        busy.send(.labReported("a", epoch: 1, .busy))
        self.jump(&busy, by: jump)
        #expect(busy.core.nextDeadline == busy.now + Limits.busyRecheckDelay)
    }

    @Test("What is parked is kept as long as before", arguments: jumps)
    func parked(by jump: Duration) {
        var scene = Scene.ready(labs: [lab(parksFor: .seconds(7200))])
        scene.run("a")
        scene.send(.park("a", note: "", request: scene.request()))
        scene.send(.containerRemoved("a", epoch: 1))
        scene.wait(.seconds(1200))
        self.jump(&scene, by: jump)
        #expect(scene.core.parkedUntil("a") == scene.now + .seconds(6000))
        scene.wait(.seconds(5999))
        #expect(scene.state("a")?.name == "parked")
    }

    @Test("Who waits keeps their place: before those who come later, whatever the clock says then", arguments: jumps)
    func queue(by jump: Duration) {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)])
        scene.run("x")
        for id: SessionID in ["c", "b"] {
            scene.now = scene.now + .seconds(1)
            scene.launch(id)
        }
        self.jump(&scene, by: jump)
        scene.now = scene.now + .seconds(1)
        scene.launch("a")
        #expect(["c", "b", "a"].map { scene.core.queuePosition(of: $0) } == [1, 2, 3])
    }

    @Test("What people agreed on stays: a reservation opens by the wall, and a drain ends by it")
    func appointments() {
        var scene = Scene.reserving()
        scene.reserve("r1", seats: 2)
        scene.run("a", lab: "rstudio")
        let deadline = scene.now + .seconds(4000)
        scene.send(.drain(host: scene.host("a")!, deadline: deadline, request: scene.request()))
        jump(&scene, by: .seconds(3700))
        #expect(scene.core.hostStatuses.compactMap(\.drainDeadline) == [deadline])
        scene.launch("b", context: "course-1")
        #expect(scene.core.session("b")?.reservation == "r1", "it has opened")
        scene.wait(.seconds(300))
        #expect(scene.state("a")?.name == "ending")
    }

    @Test(
        "An announced end stays by the wall, but a jump forward leaves its learner the time of a warning",
        arguments: [
            // Seconds to the announced end when the clock jumps, the jump, and seconds to the end afterwards.
            (300, 250, 120), (300, 86_400, 120), (60, 86_400, 60), (60, 10, 60), (300, 100, 200), (300, -100, 400),
        ])
    func announced(before: Int, jump: Int, after: Int) {
        var scene = Scene.ready(labs: [lab()])
        scene.run("a")
        let end = AnnouncedEnd(at: scene.now + .seconds(before), note: "The room closes")
        scene.send(.announceEnd("a", end, request: scene.request()))
        self.jump(&scene, by: .seconds(jump))
        let moved = scene.now + .seconds(after)
        #expect(scene.storedSessions.map(\.stay.announcedEnd) == [AnnouncedEnd(at: moved, note: "The room closes")])
        #expect(scene.stories.map { $0.reason.contains("The announced end comes in") } == [moved != end.at])
        scene.wait(.seconds(after - 1))
        #expect(scene.state("a")?.name == "running")
        scene.wait(.seconds(1))
        #expect(scene.state("a") == .ending(host: "h1", reason: end.reason, since: scene.now))
    }

    @Test("A host that is silent has as long to come back as before", arguments: jumps)
    func silence(by jump: Duration) {
        var scene = Scene.ready()
        scene.silent("h1")
        scene.wait(.seconds(4))
        self.jump(&scene, by: jump)
        #expect(scene.core.hostStatus("h1")?.state == .active)
        scene.wait(.seconds(5))
        #expect(scene.core.hostStatus("h1")?.state == .active)
        scene.wait(.seconds(1))
        #expect(scene.core.hostStatus("h1")?.state == .unreachable)
    }

    @Test("A commit that fails takes nothing of it back, for it is told again", arguments: jumps)
    func rolledBack(by jump: Duration) {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)], labs: [lab()])
        scene.run("a")
        scene.launch("c")
        scene.launch("b")
        scene.commits = false
        self.jump(&scene, by: jump)
        scene.core.rollback()
        scene.commits = true
        #expect(scene.core.violations(at: scene.now) == [])
        scene.send(.clockJumped(by: jump))
        #expect(scene.core.idleEndsAt("a") == scene.now + .seconds(600))
        #expect(scene.core.queuePosition(of: "b") == 1)
    }

    @Test("A start takes as long as it takes: its host is not held to be slow")
    func pace() {
        var scene = Scene.ready(hosts: [.small("h1", starts: 4)])
        for id: SessionID in ["a", "b"] {
            scene.run(id)
            scene.wait(.seconds(1))
        }
        let allowed = scene.core.hostStatus("h1")!.startsAllowed
        scene.launch("c")
        scene.launch("d")
        jump(&scene, by: .seconds(86_400))
        scene.ready("c")
        scene.ready("d")
        #expect(scene.core.hostStatus("h1")!.startsAllowed >= allowed)
    }

    @Test("After a restart, activity that lies ahead keeps nothing alive: the clock was set back meanwhile")
    func restored() {
        var old = Scene.ready(labs: [lab()])
        old.run("a")
        var scene = Scene()
        scene.now = old.now - .seconds(86_400)
        scene.send(.configure(labs: [lab()], hosts: [.small("h1")]))
        _ = scene.core.restore(sessions: Array(old.core.sessions), duties: [:], homes: [], at: scene.now)
        scene.listed("h1", [.running("a")])
        #expect(scene.core.idleEndsAt("a") == scene.now + .seconds(600))
    }

    @Test("A host's silence is counted from its last answer")
    func lastAnswer() {
        var scene = Scene.ready()
        scene.send(.hostSilent(host: "h1", reason: "no answer", silentFor: .seconds(8)))
        scene.wait(.seconds(1))
        #expect(scene.core.hostStatus("h1")?.state == .active)
        scene.wait(.seconds(1))
        #expect(scene.core.hostStatus("h1")?.state == .unreachable)
    }
}
