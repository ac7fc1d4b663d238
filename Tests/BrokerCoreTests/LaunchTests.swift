import Testing
import Words

@testable import BrokerCore

@Suite("Launch")
struct LaunchTests {
    @Test("A launch with a free seat is stored, starts its container, and is answered")
    func launchStarts() {
        var scene = Scene.ready()
        let actions = scene.launch("a")
        #expect(
            actions == [
                .start("a", epoch: 1, host: "h1"), .answer(scene.lastRequest, .session("a")), .changed("a"),
            ])
        #expect(scene.state("a") == .starting(host: "h1", step: .creating, since: scene.now))
        #expect(scene.toldStates == ["queued", "starting"])
        #expect(scene.storedSessions.last == scene.core.session("a"))
    }

    @Test("The same learner and lab find the same session, queued, starting or running, and nothing is started twice")
    func liveIsReused() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)])
        scene.launch("a", learner: "ann")
        #expect(scene.launch("other", learner: "ann") == [.answer(scene.lastRequest, .session("a"))])
        #expect(scene.changes == [])
        scene.ready("a")
        #expect(scene.launch("other", learner: "ann") == [.answer(scene.lastRequest, .session("a"))])
        scene.launch("b", learner: "ben")
        #expect(scene.state("b") == .queued(since: scene.now))
        #expect(scene.launch("other", learner: "ben") == [.answer(scene.lastRequest, .session("b"))])
    }

    @Test("Another lab, and the same learner id in another portal, are other sessions")
    func othersAreOthers() {
        var scene = Scene.ready(portals: ["school", "college"])
        scene.launch("a", learner: "ann")
        scene.launch("b", learner: "ann", lab: "rstudio")
        let elsewhere = Learner(portal: "college", id: "ann", name: "Ann")
        let actions = scene.send(.launch(learner: elsewhere, lab: "python", newID: "c", request: scene.request()))
        #expect(actions.contains(.answer(scene.lastRequest, .session("c"))))
        #expect(scene.core.session(learner: .named("ann"), lab: "python")?.id == "a")
        #expect(scene.core.session(learner: .named("ann"), lab: "rstudio")?.id == "b")
        #expect(scene.core.session(learner: elsewhere, lab: "python")?.id == "c")
    }

    @Test("A learner's new name is kept at the next launch")
    func newName() {
        var scene = Scene.ready()
        scene.launch("a", learner: "ann")
        let renamed = Learner(portal: "school", id: "ann", name: "Ann of Green Gables")
        scene.send(.launch(learner: renamed, lab: "python", newID: "x", request: scene.request()))
        #expect(scene.storedSessions.map(\.learner) == [renamed])
        #expect(scene.core.session("a")?.learner == renamed)
    }

    @Test("A session that is over is revived by a launch: same id, next epoch, a fresh count of attempts")
    func launchRevives() throws {
        var scene = Scene.ready()
        scene.run("a", learner: "ann")
        scene.end("a")
        scene.send(.containerRemoved("a", epoch: 1))
        let ended = try #require(scene.storedSessions.last)
        #expect(ended.state == .ended(reason: .learnerEnded, at: scene.now))
        #expect(scene.core.session("a") == nil)

        scene.core.adopt(ended)
        let actions = scene.launch("new", learner: "ann")
        #expect(actions.first == .start("a", epoch: 2, host: "h1"))
        #expect(actions.contains(.answer(scene.lastRequest, .session("a"))))
        #expect(scene.core.session("a")?.createdAt == ended.createdAt)
    }

    @Test("Start again revives a failed session, and leaves a live one alone")
    func restartRevives() {
        var scene = Scene.ready()
        let failed = Session(
            id: "a", learner: .named("ann"), lab: "python", epoch: 3, state: .failed(.told("no"), at: scene.now),
            createdAt: scene.now, lastActivityAt: scene.now, failedAttempts: 3)
        scene.core.adopt(failed)
        #expect(scene.restart("a").first == .start("a", epoch: 4, host: "h1"))
        #expect(scene.core.session("a")?.failedAttempts == 0)
        #expect(scene.restart("a") == [.answer(scene.lastRequest, .session("a"))])
    }

    @Test("A launch while the last run is ending queues the next run, which waits until the old container is removed")
    func launchWhileEnding() {
        var scene = Scene.ready()
        scene.run("a", learner: "ann")
        scene.end("a")
        let actions = scene.launch("new", learner: "ann")
        #expect(actions == [.answer(scene.lastRequest, .session("a")), .changed("a")])
        #expect(scene.state("a") == .queued(since: scene.now))
        #expect(scene.core.explanation(of: "a", at: scene.now)?.contains("removed") == true)
        #expect(scene.send(.containerRemoved("a", epoch: 1)).first == .start("a", epoch: 2, host: "h1"))
    }

    @Test("An unknown lab, an unknown session and an identifier in use are refused in words")
    func refusals() {
        var scene = Scene.ready()
        #expect(scene.launch("a", lab: "cobol") == [.answer(scene.lastRequest, .refused(.unknownLab("cobol")))])
        #expect(scene.restart("zz") == [.answer(scene.lastRequest, .refused(.unknownSession("zz")))])
        #expect(scene.end("zz") == [.answer(scene.lastRequest, .refused(.unknownSession("zz")))])
        scene.launch("b", learner: "ben")
        guard case .answer(_, .refused(.notNow))? = scene.launch("b", learner: "cas").first else {
            Issue.record("an identifier was used twice")
            return
        }
        #expect(scene.changes == [])
        #expect(Refusal.unknownLab("cobol").message.contains("cobol"))
    }

    @Test("A lab that fits no configured host is refused with its need and the largest host's limit")
    func neverFits() {
        var scene = Scene.ready(labs: [.of("huge", memory: 9)])
        guard case .answer(_, .refused(let refusal))? = scene.launch("a", lab: "huge").first else {
            Issue.record("the launch was not refused")
            return
        }
        #expect(refusal.message.contains("9 GiB") && refusal.message.contains("8 GiB"))
        scene.send(.configure(labs: [.of("huge", memory: 9)], hosts: []))
        guard case .answer(_, .refused(.neverFits))? = scene.launch("a", lab: "huge").first else {
            Issue.record("the launch was not refused without hosts")
            return
        }
    }

    @Test("A lab that fits a host which is closed or silent for now waits for it")
    func fitsLater() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2", memory: 4)])
        scene.send(.cordon(host: "h1", request: scene.request()))
        scene.launch("a", lab: "big")
        #expect(scene.state("a") == .queued(since: scene.now))
        #expect(scene.core.explanation(of: "a", at: scene.now)?.contains("maintenance") == true)
        #expect(scene.send(.uncordon(host: "h1", request: scene.request())).first == .start("a", epoch: 1, host: "h1"))
    }

    @Test("Adopting a session that is known, or one that is live, changes nothing")
    func adoptIsHarmless() throws {
        var scene = Scene.ready()
        scene.launch("a", learner: "ann")
        let session = try #require(scene.core.session("a"))
        var other = session
        other.state = .ended(reason: .learnerEnded, at: scene.now)
        scene.core.adopt(other)
        #expect(scene.core.session("a") == session)
        other.id = "b"
        scene.core.adopt(other)
        #expect(scene.core.session("b") == nil)
        var live = session
        live.id = "c"
        live.learner = .named("cas")
        scene.core.adopt(live)
        #expect(scene.core.session("c") == nil)
    }

    @Test("An adopted session that is not revived leaves the memory again")
    func adoptedIsForgotten() {
        var scene = Scene.ready()
        scene.core.adopt(
            Session(
                id: "a", learner: .named("ann"), lab: "gone", epoch: 1,
                state: .ended(reason: .learnerEnded, at: scene.now), createdAt: scene.now, lastActivityAt: scene.now))
        #expect(scene.restart("a") == [.answer(scene.lastRequest, .refused(.unknownLab("gone")))])
        #expect(scene.core.session("a") == nil)
        #expect(scene.core.violations(at: scene.now) == [])
    }
}
