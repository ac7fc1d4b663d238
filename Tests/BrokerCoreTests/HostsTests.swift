import Literals
import Testing
import Words

@testable import BrokerCore

@Suite("Hosts")
struct HostsTests {
    @Test("A drain that is repeated without a deadline keeps the one that it has; another one gets the usual time")
    func repeatedDrain() {
        var scene = Scene.ready()
        scene.run("a")
        let deadline = scene.now + .seconds(7200)
        scene.send(.drain(host: "h1", deadline: deadline, request: scene.request()))
        scene.now = scene.now + .seconds(60)
        scene.send(.drain(host: "h1", deadline: nil, request: scene.request()))
        #expect(scene.core.hostStatus("h1")?.drainDeadline == deadline)
        scene.send(.uncordon(host: "h1", request: scene.request()))
        scene.send(.drain(host: "h1", deadline: nil, request: scene.request()))
        #expect(scene.core.hostStatus("h1")?.drainDeadline == scene.now + Limits.drainTime)
    }

    private func cordon(_ scene: inout Scene, _ host: String) -> [Action] {
        scene.send(.cordon(host: host, request: scene.request()))
    }

    private func uncordon(_ scene: inout Scene, _ host: String) -> [Action] {
        scene.send(.uncordon(host: host, request: scene.request()))
    }

    private func drain(_ scene: inout Scene, _ host: String, in duration: Duration) -> [Action] {
        scene.send(.drain(host: host, deadline: scene.now + duration, request: scene.request()))
    }

    @Test("A cordoned host gets no new seats and keeps its sessions; the duty is stored")
    func cordonKeeps() {
        var scene = Scene.ready()
        scene.run("a")
        #expect(cordon(&scene, "h1") == [.answer(scene.lastRequest, .done)])
        #expect(scene.changes == [.duty(host: "h1", .cordoned)])
        scene.launch("b")
        #expect(scene.state("b")?.name == "queued")
        #expect(scene.state("a")?.name == "running")
        #expect(cordon(&scene, "h1") == [.answer(scene.lastRequest, .done)])
        #expect(scene.changes == [])
        #expect(uncordon(&scene, "h1").first == .start("b", epoch: 1, host: "h1"))
        #expect(scene.changes.first == .duty(host: "h1", .active))
    }

    @Test("Commands on an unknown host are refused")
    func unknown() {
        var scene = Scene.ready()
        let refused = Answer.refused(.unknownHost("h9"))
        #expect(cordon(&scene, "h9") == [.answer(scene.lastRequest, refused)])
        #expect(uncordon(&scene, "h9") == [.answer(scene.lastRequest, refused)])
        #expect(drain(&scene, "h9", in: .seconds(1)) == [.answer(scene.lastRequest, refused)])
    }

    @Test("An empty host is drained at once, and stays so through cordon and drain until uncordoned")
    func drainEmpty() {
        var scene = Scene.ready()
        _ = drain(&scene, "h1", in: .seconds(60))
        #expect(scene.core.hostStatus("h1")?.state == .drained)
        #expect(scene.changes.last == .duty(host: "h1", .drained))
        _ = cordon(&scene, "h1")
        _ = drain(&scene, "h1", in: .seconds(60))
        #expect(scene.changes == [])
        #expect(scene.core.nextDeadline == nil)
        _ = uncordon(&scene, "h1")
        #expect(scene.core.hostStatus("h1")?.state == .active)
    }

    @Test("A draining host lets its sessions go on, and is drained as soon as the last one has ended")
    func drainWaits() {
        var scene = Scene.ready()
        scene.run("a")
        _ = drain(&scene, "h1", in: .seconds(600))
        #expect(scene.core.hostStatus("h1")?.state == .draining)
        #expect(scene.core.hostStatus("h1")?.drainDeadline == scene.now + .seconds(600))
        scene.launch("b")
        #expect(scene.state("b")?.name == "queued")
        scene.end("a")
        #expect(scene.core.hostStatus("h1")?.state == .draining)
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.core.hostStatus("h1")?.state == .drained)
        #expect(scene.changes.last == .duty(host: "h1", .drained))
    }

    @Test("At the drain's deadline every running session there ends with that reason, and then the host is drained")
    func drainDeadline() {
        var scene = Scene.ready()
        scene.run("a")
        scene.run("b", lab: "rstudio")
        _ = drain(&scene, "h1", in: .seconds(60))
        #expect(scene.wait(.seconds(59)) == [])
        let actions = scene.wait(.seconds(1))
        #expect(
            actions.prefix(4) == [
                .withdrawRoute("a"), .remove("a", epoch: 1, host: "h1"), .withdrawRoute("b"),
                .remove("b", epoch: 1, host: "h1"),
            ])
        #expect(scene.state("a") == .ending(host: "h1", reason: .drain(host: "h1"), since: scene.now))
        #expect(scene.core.nextDeadline == nil)
        scene.send(.containerRemoved("a", epoch: 1))
        scene.send(.containerRemoved("b", epoch: 1))
        #expect(scene.core.hostStatus("h1")?.state == .drained)
    }

    @Test("Who is only on the way to a host at its drain's deadline goes elsewhere")
    func drainDuringStart() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.launch("a")
        _ = drain(&scene, "h1", in: .seconds(5))
        let actions = scene.wait(.seconds(5))
        #expect(actions.contains(.remove("a", epoch: 1, host: "h1")))
        #expect(scene.send(.containerRemoved("a", epoch: 1)).first == .start("a", epoch: 2, host: "h2"))
        #expect(scene.core.hostStatus("h1")?.state == .drained)
    }

    @Test("Who is on the way to the drained host of their home ends with that reason")
    func drainDuringStickyStart() {
        var scene = Scene.ready(sharedHomes: false)
        scene.run("a", learner: "ann")
        scene.launch("b", learner: "ann", lab: "rstudio")
        _ = drain(&scene, "h1", in: .seconds(5))
        scene.wait(.seconds(5))
        #expect(scene.state("b") == .ending(host: "h1", reason: .drain(host: "h1"), since: scene.now))
    }

    @Test("A repeated drain changes the deadline, a cordon does not, and uncordon cancels it")
    func drainAgain() {
        var scene = Scene.ready()
        scene.run("a")
        _ = drain(&scene, "h1", in: .seconds(60))
        _ = drain(&scene, "h1", in: .seconds(300))
        _ = cordon(&scene, "h1")
        #expect(scene.core.hostStatus("h1")?.drainDeadline == scene.now + .seconds(300))
        scene.wait(.seconds(100))
        #expect(scene.state("a")?.name == "running")
        _ = uncordon(&scene, "h1")
        scene.wait(.seconds(300))
        #expect(scene.state("a")?.name == "running")
        _ = drain(&scene, "h1", in: .seconds(-1))
        #expect(scene.state("a")?.name == "ending")
    }

    @Test(
        "A host that does not answer keeps its running sessions with their routes, and reads unreachable with the reason"
    )
    func unreachable() {
        var scene = Scene.ready()
        scene.run("a")
        let since = scene.now
        #expect(scene.silent("h1", "connection refused") == [])
        scene.now = scene.now + .seconds(9)
        #expect(scene.silent("h1", "still nothing") == [])
        scene.wait(.seconds(1))
        #expect(scene.state("a")?.name == "running")
        let status = scene.core.hostStatus("h1")
        #expect(status?.state == .unreachable)
        #expect(status?.link == .unreachable(since: since, reason: "connection refused"))
        #expect(status?.reason?.contains("connection refused") == true)
        scene.listed("h1", [.running("a")])
        #expect(scene.core.hostStatus("h1")?.state == .active)
    }

    @Test("News of a host that nobody knows is ignored")
    func strangers() {
        var scene = Scene.ready()
        #expect(scene.listed("h9", [.running("a")]) == [])
        #expect(scene.away("h9") == [])
    }

    @Test("A removed host with sessions gets no more seats, and is forgotten when it is empty; its duty is not")
    func removedHost() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.run("a")
        _ = cordon(&scene, "h1")
        scene.send(.configure(labs: [.python], hosts: [.small("h2")]))
        #expect(scene.core.hostStatus("h1")?.state == .cordoned)
        #expect(scene.core.hostStatus("h1")?.isConfigured == false)
        guard case .answer(_, .refused(.notNow))? = uncordon(&scene, "h1").first else {
            Issue.record("a removed host was uncordoned")
            return
        }
        scene.end("a")
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.core.hostStatus("h1") == nil)
        scene.send(.configure(labs: [.python], hosts: [.small("h1"), .small("h2")]))
        #expect(scene.core.hostStatus("h1")?.duty == .cordoned)
    }

    @Test("A removed host that does not answer holds up nobody")
    func goneHost() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.run("a")
        scene.end("a")
        scene.run("b")
        scene.run("c")
        scene.launch("d")
        #expect(["b", "c", "d"].map { scene.host($0) } == ["h2", "h1", "h2"])
        scene.end("b")
        scene.send(.configure(labs: [.python], hosts: [.small("h1")]))
        scene.away("h2")
        // The ending session is over, and the one that was starting there starts on another host at once.
        #expect(scene.core.session("b") == nil)
        #expect(scene.stories.contains { $0.session == "b" && $0.state == "ended" && $0.reason.contains("left alone") })
        #expect(scene.host("d") == "h1")
        #expect(scene.core.hostStatus("h2") == nil)
    }

    @Test("A running session on a removed host that does not answer runs on, and ends at once when it ends")
    func runningOnGoneHost() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.run("a")
        scene.send(.configure(labs: [.python], hosts: [.small("h2")]))
        scene.away("h1")
        #expect(scene.state("a")?.name == "running")
        #expect(scene.end("a").first == .withdrawRoute("a"))
        #expect(scene.toldStates == ["ending", "ended"])
        #expect(scene.core.hostStatus("h1") == nil)
    }

    @Test("A busy lab on a removed host that stops answering has its whole idle timeout from then")
    func busyOnGoneHost() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.run("a")
        scene.wait(.seconds(600))
        scene.send(.labReported("a", epoch: 1, .busy))
        scene.send(.configure(labs: [.python], hosts: [.small("h2")]))
        scene.silent("h1")
        scene.wait(.seconds(599))
        #expect(scene.state("a")?.name == "running")
        scene.wait(.seconds(1))
        #expect(scene.core.session("a") == nil)
    }

    @Test("Slots and memory lowered below their use end nobody; new seats wait until there is room")
    func lowered() {
        var scene = Scene.ready()
        for id: SessionID in ["a", "b", "c"] { scene.run(id) }
        scene.send(.configure(labs: [.python], hosts: [.small("h1", slots: 1, memory: 2)]))
        #expect(scene.core.hostStatus("h1")?.density == 3)
        #expect(["a", "b", "c"].allSatisfy { scene.state($0)?.name == "running" })
        scene.launch("d")
        for id: SessionID in ["a", "b"] {
            scene.end(id)
            scene.send(.containerRemoved(id, epoch: 1))
            #expect(scene.state("d")?.name == "queued")
        }
        scene.end("c")
        #expect(scene.send(.containerRemoved("c", epoch: 1)).first == .start("d", epoch: 1, host: "h1"))
    }

    @Test("A new seat has the memory that the catalogue says now; a taken one keeps what it was given")
    func seatMemory() {
        var scene = Scene.ready()
        scene.run("a")
        scene.send(.configure(labs: [.of("python", memory: 3)], hosts: [.small("h1")]))
        scene.run("b")
        #expect(scene.core.hostStatus("h1")?.memoryUsedBytes == 4 * gibibyte)
        scene.end("a")
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.core.hostStatus("h1")?.memoryUsedBytes == 3 * gibibyte)
    }

    @Test("A lab taken out of the catalogue: who waits ends, who runs goes on under the old terms")
    func removedLab() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 2)])
        scene.run("a")
        scene.launch("b")
        scene.launch("c")
        let actions = scene.send(.configure(labs: [.rstudio], hosts: [.small("h1", slots: 2)]))
        #expect(actions.contains(.remove("b", epoch: 1, host: "h1")))
        #expect(scene.state("b") == .ending(host: "h1", reason: .removed(what: "the lab python"), since: scene.now))
        #expect(
            scene.storedSessions.contains {
                $0.id == "c" && $0.state == .ended(reason: .removed(what: "the lab python"), at: scene.now)
            })
        #expect(scene.core.lab("python") == .python)
        #expect(scene.core.nextDeadline == scene.now + .seconds(600))
        scene.end("a")
        scene.send(.containerRemoved("a", epoch: 1))
        scene.send(.containerRemoved("b", epoch: 1))
        scene.send(.configure(labs: [.rstudio], hosts: [.small("h1", slots: 2)]))
        #expect(scene.core.lab("python") == nil)
    }

    @Test("A new idle timeout counts at once, and what can never be served any more fails")
    func newTerms() {
        var scene = Scene.ready()
        scene.run("a")
        scene.launch("b", lab: "big")
        scene.launch("c", lab: "big")
        #expect(scene.state("c")?.name == "queued")
        scene.send(
            .configure(labs: [.of("python", idle: .seconds(60)), .of("big", memory: 9)], hosts: [.small("h1")]))
        #expect(scene.core.nextDeadline == scene.now + .seconds(60))
        #expect(scene.storedSessions.contains { $0.id == "c" && $0.state.name == "failed" })
        #expect(scene.state("b")?.name == "starting")
    }
}
