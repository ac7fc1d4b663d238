import Testing

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

    private func ends(_ scene: Scene) -> [SessionExplanation.Cause] {
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
}

extension SessionState {
    fileprivate var reasonOfEnd: EndReason? {
        switch self {
        case .ending(_, let reason, _), .ended(let reason, _): reason
        case .queued, .starting, .running, .parking, .parked, .failed: nil
        }
    }
}
