import Identity
import Testing
import Words

@testable import BrokerCore

@Suite("An end that an operator announces")
struct AnnouncedEndTests {
    private func scene(parksFor: Duration = .zero) -> Scene {
        var lab = Lab.of("lab", .http, idle: .seconds(600), lifetime: .seconds(36_000))
        lab.idleWarning = .seconds(120)
        lab.parksFor = parksFor
        var scene = Scene.ready(labs: [lab])
        scene.run("a", lab: "lab")
        return scene
    }

    @discardableResult
    private func announce(
        _ scene: inout Scene, in delay: Duration, note: String = "The room closes", of id: SessionID = "a"
    ) -> [Action] {
        let end = AnnouncedEnd(at: scene.now + delay, note: note)
        return scene.send(.announceEnd(id, end, request: scene.request()))
    }

    private func ends(_ scene: Scene) -> [EndReason.Cause] {
        scene.core.ends(of: "a", at: scene.now).map(\.cause)
    }

    @Test("The learner is told at once, and the lab runs until the moment that was announced, in use or not")
    func comes() {
        var scene = scene()
        #expect(announce(&scene, in: .seconds(300)).contains(.changed("a")))
        #expect(scene.storedSessions.last?.stay.announcedEnd?.note == "The room closes")
        let end = scene.core.ends(of: "a", at: scene.now).first
        #expect(end?.cause == .operatorEnds && end?.at == scene.now + .seconds(300) && end?.isWarned == true)
        scene.wait(.seconds(299))
        scene.send(.activity(["a": scene.now]))
        #expect(scene.core.session("a")?.state.name == "running")
        #expect(scene.wait(.seconds(1)).contains(.remove("a", epoch: 1, host: "h1")))
        #expect(scene.storedSessions.last?.state.reasonOfEnd == .operatorEnded(note: "The room closes"))
    }

    @Test("Nobody works in a session that does not run, so it ends at once")
    func notRunning() {
        var scene = scene()
        scene.launch("b", lab: "lab")
        announce(&scene, in: .seconds(300), of: "b")
        #expect(scene.core.session("b")?.state.name == "ending")
        #expect(scene.core.session("b")?.stay.announcedEnd == nil)
    }

    @Test("A later announcement replaces an earlier one, sooner or later")
    func replaced() {
        var scene = scene()
        announce(&scene, in: .seconds(300))
        announce(&scene, in: .seconds(400))
        scene.wait(.seconds(399))
        #expect(scene.core.session("a")?.state.name == "running")
        announce(&scene, in: .zero)
        #expect(scene.core.session("a")?.state.name == "ending")
    }

    @Test("It is taken back by a cancellation or an operator's extension, and not by an instructor's")
    func takenBack() {
        var scene = scene()
        announce(&scene, in: .seconds(300))
        scene.send(.cancelEnd("a", request: scene.request()))
        #expect(ends(scene) == [.idle, .lifetime])
        guard case .answer(_, .refused(.notNow))? = scene.send(.cancelEnd("a", request: scene.request())).first else {
            Issue.record("a second cancellation has nothing to take back")
            return
        }
        announce(&scene, in: .seconds(300))
        let course = Course(portal: "school", context: "101")
        let teachers = Extension(by: .seconds(3600), who: "the instructor", course: course)
        scene.send(.extend("a", teachers, request: scene.request()))
        #expect(ends(scene).first == .operatorEnds)
        scene.extend("a", by: .seconds(3600))
        #expect(!ends(scene).contains(.operatorEnds))
        scene.wait(.seconds(301))
        #expect(scene.core.session("a")?.state.name == "running")
    }

    @Test("A restart of the broker keeps the announcement")
    func restart() {
        var scene = scene()
        announce(&scene, in: .seconds(300))
        var next = Scene()
        next.now = scene.now + .seconds(1)
        next.send(.configure(labs: [scene.core.lab("lab")!], hosts: [.small("h1")]))
        _ = next.core.restore(
            sessions: [scene.core.session("a")!], duties: [:], homes: [], at: next.now)
        next.listed("h1", [.running("a")])
        next.wait(.seconds(298))
        #expect(next.core.session("a")?.state.name == "running")
        next.wait(.seconds(2))
        #expect(next.core.session("a")?.state.name == "ending")
    }

    @Test("A lab that is idle before the announced end is not parked: a visit would bring it back")
    func notParked() {
        var scene = scene(parksFor: .seconds(86_400))
        announce(&scene, in: .seconds(1200))
        scene.wait(.seconds(600))
        #expect(scene.core.session("a")?.state.name == "ending")
    }

    @Test("Nothing foretells that a lab is parked whose end is announced, until that is taken back")
    func notForetoldParked() {
        var scene = scene(parksFor: .seconds(86_400))
        func words(_ scene: Scene) -> [Bool] {
            let idle = scene.core.ends(of: "a", at: scene.now).first { $0.cause == .idle }
            let why = scene.core.explain(scene.core.session("a")!, story: [], at: scene.now)
            return [idle?.basis.text, scene.core.explanation(of: "a", at: scene.now), why.summary].map {
                $0?.contains("is parked") == true
            }
        }
        #expect(words(scene) == [true, true, true])
        #expect(scene.core.parksFor("a") == .seconds(86_400))
        announce(&scene, in: .seconds(1200))
        #expect(words(scene) == [false, false, false])
        #expect(scene.core.parksFor("a") == nil)
        scene.wait(.seconds(480))
        #expect(scene.stories.map(\.reason) == ["Without activity it ends in 2 min: the learner is warned."])
        scene.send(.cancelEnd("a", request: scene.request()))
        #expect(words(scene) == [true, true, true])
        #expect(scene.core.parksFor("a") == .seconds(86_400))
    }

    /// A scene whose session loses its host ten seconds after its end was announced.
    private func lost(hosts: [HostSpec], announcedIn delay: Duration) -> Scene {
        let lab = Lab.of("lab", .http)
        var scene = Scene.ready(hosts: hosts, labs: [lab])
        scene.run("a", lab: "lab")
        announce(&scene, in: delay)
        scene.away("h1")
        scene.declareLost("h1")
        return scene
    }

    @Test("A session that gets a new seat because its host is lost ends when that was announced")
    func lostHost() {
        var scene = lost(hosts: [.small("h1"), .small("h2")], announcedIn: .seconds(300))
        let end = AnnouncedEnd(at: scene.now + .seconds(290), note: "The room closes")
        #expect(scene.host("a") == "h2")
        #expect(scene.core.session("a")?.stay == Stay(announcedEnd: end))
        #expect(scene.stories.first?.reason.contains("The announced end stays as it is.") == true)
        scene.ready("a", epoch: 2)
        #expect(scene.core.session("a")?.stay == Stay(source: .ready, announcedEnd: end))
        #expect(ends(scene).first == .operatorEnds)
        scene.wait(.seconds(289))
        #expect(scene.state("a")?.name == "running")
        #expect(scene.wait(.seconds(1)).contains(.remove("a", epoch: 2, host: "h2")))
        #expect(scene.storedSessions.last?.state.reasonOfEnd == .operatorEnded(note: "The room closes"))
    }

    @Test("An announced end that passes while its session is starting comes as soon as the lab is ready")
    func passedMeanwhile() {
        var scene = lost(hosts: [.small("h1"), .small("h2")], announcedIn: .seconds(60))
        scene.wait(.seconds(60))
        #expect(scene.state("a")?.name == "starting")
        scene.ready("a", epoch: 2)
        #expect(scene.core.nextDeadline.map { $0 <= scene.now } == true)
        #expect(scene.wait(.zero).contains(.remove("a", epoch: 2, host: "h2")))
        #expect(scene.storedSessions.last?.state.reasonOfEnd == .operatorEnded(note: "The room closes"))
    }

    @Test("It can be taken back while its session waits for a new seat")
    func takenBackInTheQueue() {
        var scene = lost(hosts: [.small("h1")], announcedIn: .seconds(300))
        #expect(scene.state("a")?.name == "queued")
        #expect(scene.core.session("a")?.stay.announcedEnd != nil)
        let actions = scene.send(.cancelEnd("a", request: scene.request()))
        #expect(actions.contains(.answer(scene.lastRequest, .session("a"))))
        #expect(scene.storedSessions.map(\.stay) == [Stay()])
        #expect(scene.stories.map(\.reason) == ["An operator took the announced end back."])
        #expect(scene.state("a")?.name == "queued")
    }
}

extension SessionState {
    fileprivate var reasonOfEnd: EndReason? {
        switch self {
        case .ending(_, let reason, _), .ended(let reason, _): reason
        case .queued, .starting, .running, .parking, .parked, .failed: nil
        }
    }
}
