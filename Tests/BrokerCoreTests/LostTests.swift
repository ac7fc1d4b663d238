import Testing
import Words

@testable import BrokerCore

@Suite("Hosts that are silent, and lost")
struct LostTests {
    private func refusal(_ actions: [Action]) -> String? {
        for case .answer(_, .refused(let refusal)) in actions { return refusal.message }
        return nil
    }

    @Test("A host that is silent for a moment keeps everybody, and nobody new goes there")
    func silence() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.run("a")
        scene.run("b")
        scene.launch("c")
        #expect(["a", "b", "c"].map { scene.host($0) } == ["h1", "h2", "h1"])
        #expect(scene.silent("h1") == [])
        #expect(scene.core.hostStatus("h1")?.state == .active)
        #expect(scene.core.hostStatus("h1")?.reason?.contains("at the moment") == true)
        scene.launch("d")
        #expect(scene.host("d") == "h2")
        scene.wait(Limits.silenceGrace - .milliseconds(1))
        #expect(scene.state("c")?.name == "starting")
        let back = scene.listed("h1", [.running("a"), .running("c")])
        #expect(back == [.start("c", epoch: 1, host: "h1")])
        #expect(scene.wait(Limits.silenceGrace) == [])
        #expect(scene.host("c") == "h1")
    }

    @Test("After its grace a silent host is unreachable: who was on the way there goes elsewhere, who runs there stays")
    func graceOver() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.run("a")
        scene.run("b")
        scene.launch("c")
        scene.silent("h1")
        #expect(scene.core.nextDeadline == scene.now + Limits.silenceGrace)
        let actions = scene.wait(Limits.silenceGrace)
        #expect(actions.first == .start("c", epoch: 2, host: "h2"))
        #expect(scene.core.hostStatus("h1")?.state == .unreachable)
        #expect(scene.state("a")?.name == "running")
        #expect(scene.listed("h1", [.running("a"), .running("c")]).first == .remove("c", epoch: 1, host: "h1"))
    }

    @Test("A host that flaps all day shuffles nobody")
    func flapping() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.run("a")
        scene.run("b")
        scene.launch("c")
        for _ in 0..<100 {
            scene.silent("h1")
            scene.wait(Limits.silenceGrace / 2)
            scene.send(.activity(["a": scene.now, "b": scene.now]))
            scene.listed("h1", [.running("a"), .running("c")])
        }
        #expect(["a", "b", "c"].map { scene.host($0) } == ["h1", "h2", "h1"])
        #expect(["a", "b", "c"].map { scene.core.session($0)?.epoch } == [1, 1, 1])
    }

    @Test("With shared homes a lost host's sessions get a new seat at once: a new run at the same hostname")
    func lostWithSharedHomes() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.run("a")
        scene.run("b")
        scene.away("h1")
        let actions = scene.declareLost("h1")
        #expect(
            actions == [
                .withdrawRoute("a"), .start("a", epoch: 2, host: "h2"), .answer(scene.lastRequest, .done),
                .changed("a"),
            ])
        #expect(scene.changes.first == .duty(host: "h1", .lost))
        #expect(scene.toldStates == ["queued", "starting"])
        #expect(scene.stories.first?.reason.contains("The host h1 is lost") == true)
        #expect(scene.core.hostStatus("h1")?.state == .lost)
        #expect(scene.core.hostStatus("h1")?.seats == 0)
        #expect(scene.ready("a", epoch: 2).first == .publishRoute("a", epoch: 2, .of("a")))
        // A report about the old run changes nothing.
        #expect(scene.send(.containerExited("a", epoch: 1, code: 0, outOfMemory: false)) == [])
    }

    @Test(
        "A lost host that answers again has everything of ours removed, takes nobody in, and is active once uncordoned")
    func lostAndBack() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.run("a")
        scene.away("h1")
        scene.declareLost("h1")
        scene.ready("a", epoch: 2)
        #expect(scene.listed("h1", [.running("a")]) == [.removeOrphan(host: "h1", containerID: "container-a-1")])
        #expect(scene.core.hostStatus("h1")?.state == .lost)
        for id: SessionID in ["b", "c"] { scene.run(id) }
        #expect(["b", "c"].map { scene.host($0) } == ["h2", "h2"])
        scene.send(.uncordon(host: "h1", request: scene.request()))
        #expect(scene.core.hostStatus("h1")?.state == .active)
        scene.launch("d")
        #expect(scene.host("d") == "h1")
    }

    @Test("Without shared homes a lost host's sessions end with that reason, and start again elsewhere")
    func lostWithHomes() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")], sharedHomes: false)
        scene.run("a")
        let session = scene.core.session("a")!
        scene.away("h1")
        #expect(scene.declareLost("h1").first == .withdrawRoute("a"))
        #expect(scene.toldStates == ["ending", "ended"])
        var ended = session
        ended.state = .ended(reason: .lost(host: "h1"), at: scene.now)
        ended.charge = 0
        #expect(scene.storedSessions.last == ended)
        scene.core.adopt(ended)
        scene.restart("a")
        #expect(scene.host("a") == "h2")
        scene.ready("a", epoch: 2)
        #expect(scene.changes.contains(.home(portal: "school", learner: "a", host: "h2")))
        // The files that are there now are theirs, whatever comes back.
        scene.send(.uncordon(host: "h1", request: scene.request()))
        scene.listed("h1")
        scene.launch("b", learner: "a", lab: "rstudio")
        #expect(scene.host("b") == "h2")
    }

    @Test("Who waits for a lost host's files goes elsewhere; who has not, and the host comes back, has them again")
    func waitingForFiles() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")], sharedHomes: false)
        scene.run("a", learner: "ann")
        scene.send(.cordon(host: "h2", request: scene.request()))
        scene.away("h1")
        scene.launch("c", learner: "ann", lab: "rstudio")
        #expect(scene.state("c")?.name == "queued")
        scene.declareLost("h1")
        #expect(scene.core.explanation(of: "c", at: scene.now)?.contains("closed for maintenance") == true)
        scene.send(.uncordon(host: "h1", request: scene.request()))
        #expect(scene.listed("h1").first == .start("c", epoch: 1, host: "h1"))
    }

    @Test("A host that answers, or has not been silent for long enough, is not lost; nor is one that nobody knows")
    func refused() {
        var scene = Scene.ready()
        scene.run("a")
        #expect(refusal(scene.declareLost("h1"))?.contains("carrel host drain h1") == true)
        scene.silent("h1")
        #expect(refusal(scene.declareLost("h1"))?.contains("not known yet") == true)
        #expect(scene.declareLost("h9") == [.answer(scene.lastRequest, .refused(.unknownHost("h9")))])
        #expect(scene.state("a")?.name == "running")
        scene.wait(Limits.silenceGrace)
        scene.declareLost("h1")
        #expect(scene.declareLost("h1") == [.answer(scene.lastRequest, .done)])
        let drain = scene.send(.drain(host: "h1", deadline: scene.now, request: scene.request()))
        #expect(refusal(drain)?.contains("uncordon") == true)
    }

    @Test("That a host is lost is remembered over a restart, and over its time outside the configuration")
    func restart() {
        var scene = Scene()
        _ = scene.core.restore(sessions: [], duties: ["h1": .lost], homes: [], at: scene.now)
        scene.send(.configure(labs: [.python], hosts: [.small("h2")]))
        scene.send(.configure(labs: [.python], hosts: [.small("h1"), .small("h2")]))
        #expect(scene.core.hostStatus("h1")?.state == .lost)
        scene.listed("h1")
        scene.listed("h2")
        scene.launch("a")
        #expect(scene.host("a") == "h2")
    }

    @Test("After a restart a host is given its time before it may be given up")
    func notAtOnceAfterRestart() {
        var scene = Scene()
        scene.send(.configure(labs: [.python], hosts: [.small("h1")]))
        scene.silent("h1")
        #expect(scene.core.hostStatus("h1")?.state == .unreachable)
        #expect(refusal(scene.declareLost("h1"))?.contains("not known yet") == true)
        scene.wait(Limits.silenceGrace)
        #expect(scene.declareLost("h1").last == .answer(scene.lastRequest, .done))
    }

    @Test("What ends or is left over on a lost host waits for it no longer")
    func nothingWaits() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.run("a")
        scene.run("b")
        scene.launch("c")
        scene.end("a")
        scene.away("h1")
        #expect(scene.state("a")?.name == "ending")
        scene.declareLost("h1")
        #expect(scene.core.session("a") == nil)
        #expect(scene.stories.contains { $0.session == "a" && $0.reason.contains("is lost") })
        #expect(scene.core.hostStatus("h1")?.seats == 0)
    }
}
