import Testing
import Words

@testable import BrokerCore

@Suite("Hosts that must prove what labs are promised about the network")
struct IsolationTests {
    private func listed(_ scene: inout Scene, _ host: String, _ isolation: HostIsolation) {
        scene.send(.hostListed(host: host, containers: [], facts: HostFacts(isolation: isolation)))
    }

    private func configured(_ hosts: [HostSpec]) -> Scene {
        var scene = Scene()
        scene.send(.configure(labs: [.python], hosts: hosts))
        return scene
    }

    @Test("No lab is placed before the proof, and those that wait are placed with it")
    func untried() {
        var scene = configured([.small("h1")])
        listed(&scene, "h1", .untried)
        scene.launch("a")
        #expect(scene.host("a") == nil)
        #expect(scene.core.hostStatus("h1")?.state == .inactive)
        #expect(scene.core.waiting(of: "a", at: scene.now)?.cause == .hostsUnproved)
        let words = scene.core.explanation(of: "a", at: scene.now)
        #expect(words?.contains("has proved that labs are kept apart") == true)
        scene.send(.hostTried(host: "h1", .proved, mark: "m"))
        #expect(scene.host("a") == "h1")
        #expect(scene.core.hostStatus("h1")?.state == .active)
    }

    @Test("A host where the promise does not hold is passed over, says why to operators, and learners read none of it")
    func broken() {
        var scene = configured([.small("h1"), .small("h2")])
        listed(&scene, "h1", .proved)
        listed(&scene, "h2", .proved)
        scene.send(.hostTried(host: "h1", .unproved(reason: "a packet left by eth0"), mark: nil))
        for id: SessionID in ["a", "b", "c"] { scene.launch(id) }
        #expect(["a", "b", "c"].allSatisfy { scene.host($0) != "h1" })
        #expect(scene.core.hostStatus("h1")?.reason?.contains("a packet left by eth0.") == true)
        scene.send(.hostTried(host: "h2", .unproved(reason: "a packet left by eth0"), mark: nil))
        scene.launch("d")
        let words = scene.core.explanation(of: "d", at: scene.now)
        #expect(words?.contains("eth0") == false && words?.contains("h1") == false)
    }

    @Test("A running lab stays where the proof is lost, and a listing brings back what is known by then")
    func lost() {
        var scene = configured([.small("h1")])
        listed(&scene, "h1", .proved)
        scene.run("a")
        scene.send(.hostTried(host: "h1", .unproved(reason: "no filter"), mark: nil))
        #expect(scene.host("a") == "h1")
        scene.send(.hostListed(host: "h1", containers: [.running("a")], facts: HostFacts(isolation: .proved)))
        scene.launch("b")
        #expect(scene.host("b") == "h1")
    }

    @Test("What was placed before the engine answered again is started only once labs are proved to be kept apart")
    func startsWait() {
        var scene = configured([.small("h1")])
        listed(&scene, "h1", .proved)
        scene.launch("a")
        #expect(scene.host("a") == "h1")
        // The host was restarted, and has no packet filter yet.
        let known = scene.send(
            .hostListed(host: "h1", containers: [], asked: 0, facts: HostFacts(isolation: .untried)))
        #expect(!known.contains(.start("a", epoch: 1, host: "h1")))
        #expect(
            scene.send(.hostTried(host: "h1", .proved, mark: nil)).contains(.start("a", epoch: 1, host: "h1")))
    }

    @Test("Where it is shown that they are not, what was to start goes back to the queue")
    func startsAreGivenUp() {
        var scene = configured([.small("h1"), .small("h2")])
        listed(&scene, "h1", .proved)
        scene.launch("a")
        scene.send(.hostTried(host: "h1", .unproved(reason: "no filter"), mark: nil))
        #expect(scene.host("a") == nil)
        #expect(scene.core.session("a")?.state.name == "queued")
    }

    @Test("What was proved is kept on disk until it fails or the host is forgotten, and written only when it changes")
    func proof() {
        var scene = configured([.small("h1")])
        listed(&scene, "h1", .untried)
        func written(_ isolation: HostIsolation, _ mark: String?) -> [Change] {
            scene.send(.hostTried(host: "h1", isolation, mark: mark))
            return scene.changes.filter { if case .proof = $0 { true } else { false } }
        }
        #expect(written(.proved, "m") == [.proof(host: "h1", "m")])
        #expect(written(.proved, "m") == [] && scene.core.proof(on: "h1") == "m")
        #expect(written(.unproved(reason: "no filter"), "m") == [.proof(host: "h1", nil)])
        #expect(written(.proved, nil) == [] && scene.core.proof(on: "h1") == nil)
    }

    @Test("A lab that went with its engine ends for that reason, one that stopped by itself for that")
    func engineRestarted() throws {
        var scene = configured([.small("h1")])
        listed(&scene, "h1", .proved)
        for id: SessionID in ["a", "b"] { scene.run(id) }
        var stopped = ["a", "b"].map { (id: SessionID) in
            ObservedContainer(session: id, epoch: 1, containerID: "c-\(id)", isRunning: false, exitCode: 0)
        }
        stopped[0].wentWithEngine = true
        scene.send(.hostListed(host: "h1", containers: stopped))
        let a = try #require(scene.core.session("a"))
        let b = try #require(scene.core.session("b"))
        guard case .ending(_, let reason, _) = a.state, case .ending(_, let other, _) = b.state else {
            Issue.record("they are not ending")
            return
        }
        #expect(reason == .engineRestarted(host: "h1"))
        #expect(reason.explanation.contains("engine") && reason.explanation.contains("restarted"))
        #expect(other == .exited(code: 0, outOfMemory: false))
    }
}
