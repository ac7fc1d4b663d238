import Testing
import Words

@testable import BrokerCore

@Suite("Reconciliation and restart")
struct ReconcileTests {
    @Test("Containers of no session, of an older run, and of a session that is elsewhere or over are orphans")
    func orphans() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.run("a")
        scene.run("b")
        scene.run("c")
        scene.end("c")
        scene.send(.containerRemoved("c", epoch: 1))
        #expect(["a", "b"].map { scene.host($0) } == ["h1", "h2"])
        let actions = scene.listed(
            "h1",
            [.running("a"), .running("a", epoch: 9), .running("b"), .running("c"), .exited("zz", code: 0)])
        #expect(
            actions == [
                .removeOrphan(host: "h1", containerID: "container-a-9"),
                .removeOrphan(host: "h1", containerID: "container-b-1"),
                .removeOrphan(host: "h1", containerID: "container-c-1"),
                .removeOrphan(host: "h1", containerID: "container-zz-1"),
            ])
        #expect(scene.changes == [])
    }

    @Test("Of two containers with the labels of the same run, one is an orphan")
    func twins() {
        var scene = Scene.ready()
        scene.run("a")
        var twin = ObservedContainer.running("a")
        twin.containerID = "twin"
        #expect(scene.listed("h1", [.running("a"), twin]) == [.removeOrphan(host: "h1", containerID: "twin")])
    }

    @Test("A running session whose container is gone, or stopped, ends with that reason")
    func ghosts() {
        var scene = Scene.ready()
        for id: SessionID in ["a", "b", "c"] { scene.run(id) }
        let actions = scene.listed("h1", [.running("a"), .exited("b", code: 137, outOfMemory: true)])
        #expect(scene.state("a")?.name == "running")
        #expect(
            scene.state("b")
                == .ending(host: "h1", reason: .exited(code: 137, outOfMemory: true), since: scene.now))
        #expect(scene.state("c") == .ending(host: "h1", reason: .vanished(host: "h1"), since: scene.now))
        #expect(actions.contains(.withdrawRoute("c")) && actions.contains(.remove("c", epoch: 1, host: "h1")))
    }

    @Test("A listing that was asked for before a lab became ready says nothing about it, whatever the clock did since")
    func staleListing() {
        var scene = Scene.ready()
        scene.launch("a")
        let asked = scene.core.eventCount
        scene.ready("a")
        for jump: Duration in [.zero, .seconds(3600), .seconds(-7200)] {
            scene.now = scene.now + jump
            #expect(scene.listed("h1", asked: asked) == [])
            #expect(scene.listed("h1", [.exited("a", code: 0)], asked: asked) == [])
            #expect(scene.state("a")?.name == "running")
        }
        scene.listed("h1", asked: asked + 1)
        #expect(scene.state("a")?.name == "ending")
    }

    @Test("A listing from before a host was lost may come after it: the youngest run is believed only by a later one")
    func listingOfReturningHost() {
        var scene = Scene.ready()
        scene.launch("a")
        let asked = scene.core.eventCount
        scene.ready("a")
        scene.silent("h1")
        scene.listed("h1", asked: asked)
        #expect(scene.state("a")?.name == "running")
        scene.listed("h1", asked: scene.core.eventCount)
        #expect(scene.state("a") == .ending(host: "h1", reason: .vanished(host: "h1"), since: scene.now))
    }

    @Test("A container that was restarted at another port gets its new route, and the story says so")
    func movedEndpoint() {
        var scene = Scene.ready()
        scene.run("a")
        scene.now = scene.now + .seconds(60)
        var container = ObservedContainer.running("a")
        container.endpoint = Endpoint(address: "10.0.0.1", port: 50_000)
        let actions = scene.listed("h1", [container])
        #expect(
            actions == [.publishRoute("a", epoch: 1, Endpoint(address: "10.0.0.1", port: 50_000)), .changed("a")])
        #expect(scene.toldStates == ["note"])
        #expect(scene.storedSessions.last == scene.core.session("a"))
    }

    @Test("At a listing, starts that are on their way go on, and removals are repeated")
    func goesOn() {
        var scene = Scene.ready()
        scene.launch("a")
        scene.run("b")
        scene.end("b")
        scene.launch("c")
        scene.send(.startFailed("c", epoch: 1, .engine("full")))
        #expect(
            scene.listed("h1", [.running("a"), .running("b"), .running("c")]) == [
                .start("a", epoch: 1, host: "h1"), .remove("b", epoch: 1, host: "h1"),
                .remove("c", epoch: 1, host: "h1"),
            ])
    }

    private func session(
        _ id: SessionID, _ state: SessionState, epoch: Int = 1, lab: String = "python", at now: Timestamp
    ) -> Session {
        Session(
            id: id, learner: .named(id.rawValue), lab: lab, epoch: epoch, state: state, createdAt: now,
            lastActivityAt: now)
    }

    /// A broker that is restarted after a night.
    private func restarted(configureFirst: Bool = false) -> (Scene, [Action], Timestamp) {
        var scene = Scene()
        let then = scene.now
        scene.now = scene.now + .seconds(30_000)
        let configuration = Event.configure(labs: [.python, .rstudio], hosts: [.small("h1"), .small("h2")])
        if configureFirst { scene.send(configuration) }
        let actions = scene.core.restore(
            sessions: [
                session("run", .running(host: "h1", endpoint: .of("run"), since: then), epoch: 4, at: then),
                session("start", .starting(host: "h1", step: .creating, since: then), epoch: 2, at: then),
                session("end", .ending(host: "h2", reason: .learnerEnded, since: then), at: then),
                session("second", .queued(since: then + .seconds(1)), at: then),
                session("first", .queued(since: then), at: then),
            ], duties: ["h2": .cordoned, "h7": .drained], homes: [], at: scene.now)
        #expect(scene.core.pendingChanges == [])
        if !configureFirst { scene.send(configuration) }
        return (scene, actions, then)
    }

    @Test("After a restart running sessions have their routes before any host answers", arguments: [false, true])
    func restore(configureFirst: Bool) {
        var (scene, actions, _) = restarted(configureFirst: configureFirst)
        #expect(actions == [.publishRoute("run", epoch: 4, .of("run"))])
        #expect(["first", "second"].map { scene.core.queuePosition(of: $0) } == [1, 2])
        #expect(scene.core.hostStatus("h1")?.state == .unreachable)
        #expect(scene.core.hostStatus("h2")?.duty == .cordoned)
        #expect(scene.core.hostStatus("h1")?.memoryUsedBytes == 2 * gibibyte)
        #expect(
            scene.listed("h1", [.running("run", epoch: 4), .running("start", epoch: 1)]) == [
                .removeOrphan(host: "h1", containerID: "container-start-1"), .start("start", epoch: 2, host: "h1"),
                .start("first", epoch: 1, host: "h1"), .changed("first"), .queueMoved,
            ])
        #expect(scene.listed("h2", [.running("end")]) == [.remove("end", epoch: 1, host: "h2")])
        scene.send(.containerRemoved("end", epoch: 1))
        #expect(scene.core.hostStatus("h2")?.duty == .cordoned)
    }

    @Test("A restart ends no session: the night without a broker does not count as idleness")
    func restartEndsNothing() {
        var (scene, _, _) = restarted()
        #expect(scene.wait(.seconds(1)) == [])
        scene.listed("h1", [.running("run", epoch: 4)])
        #expect(scene.wait(Limits.returnGrace - .seconds(1)) == [])
        scene.send(.activity(["run": scene.now]))
        #expect(scene.wait(.seconds(500)) == [])
        #expect(scene.state("run")?.name == "running")
    }

    @Test("A start whose host does not come back after the restart begins anew elsewhere")
    func startElsewhere() {
        var (scene, _, then) = restarted()
        scene.send(.uncordon(host: "h2", request: scene.request()))
        scene.listed("h2")
        scene.away("h1")
        #expect(scene.core.session("start")?.epoch == 3)
        #expect(scene.host("start") == nil)
        #expect(scene.core.queuePosition(of: "start") == 1)
        #expect(scene.state("start") == .queued(since: then))
    }

    @Test("A running session whose lab and host nobody knows any more after a restart ends with that reason")
    func labGone() {
        var scene = Scene()
        _ = scene.core.restore(
            sessions: [
                session("a", .running(host: "h9", endpoint: .of("a"), since: scene.now), lab: "old", at: scene.now),
                session("b", .running(host: "h9", endpoint: .of("b"), since: scene.now), at: scene.now),
                session("c", .starting(host: "h9", step: .creating, since: scene.now), at: scene.now),
            ], duties: [:], homes: [], at: scene.now)
        let actions = scene.send(.configure(labs: [.python], hosts: [.small("h1")]))
        #expect(actions.contains(.withdrawRoute("a")))
        #expect(scene.stories.contains { $0.session == "a" && $0.reason.contains("the lab old") })
        #expect(scene.state("b")?.name == "running")
        #expect(scene.state("c")?.name == "queued")
        #expect(scene.core.hostStatus("h9")?.isConfigured == false)
        // No engine can remove its container, so its idle timeout alone ends it.
        scene.wait(.seconds(600))
        #expect(scene.core.session("b") == nil)
        #expect(scene.core.hostStatus("h9") == nil)
    }

    @Test("A drain that was under way before the restart ends when it should, or is done if nobody is left")
    func drainGoesOn() {
        var scene = Scene()
        _ = scene.core.restore(
            sessions: [session("a", .running(host: "h1", endpoint: .of("a"), since: scene.now), at: scene.now)],
            duties: [
                "h1": .draining(deadline: scene.now + .seconds(60)),
                "h2": .draining(deadline: scene.now + .seconds(60)),
            ], homes: [], at: scene.now)
        scene.send(.configure(labs: [.python], hosts: [.small("h1"), .small("h2")]))
        #expect(scene.core.hostStatus("h2")?.state == .drained)
        scene.listed("h1", [.running("a")])
        #expect(scene.wait(.seconds(60)).contains(.remove("a", epoch: 1, host: "h1")))
    }

    @Test("Before the first configuration nothing is placed, refused as missing, or ended")
    func beforeConfiguration() {
        var scene = Scene()
        _ = scene.core.restore(
            sessions: [session("a", .queued(since: scene.now), at: scene.now)], duties: [:], homes: [],
            at: scene.now)
        scene.send(.tick)
        #expect(scene.state("a")?.name == "queued")
        #expect(scene.core.explanation(of: "a", at: scene.now) == "Waiting for the configuration.")
    }
}
