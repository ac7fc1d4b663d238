import Testing
import Words

@testable import BrokerCore

@Suite("Homes on a host that was lost")
struct LostHomesTests {
    /// Ann's files are on h1, which is lost; h2 does not answer, so new sessions wait.
    private func scene(_ lost: HostSpec) -> Scene {
        var scene = Scene.ready(hosts: [lost, .small("h2")], sharedHomes: false)
        scene.send(.cordon(host: "h2", request: scene.request()))
        scene.run("a", learner: "ann")
        scene.send(.uncordon(host: "h2", request: scene.request()))
        #expect(scene.host("a") == "h1")
        scene.end("a")
        scene.send(.containerRemoved("a", epoch: 1))
        scene.away("h1")
        scene.declareLost("h1")
        scene.away("h2")
        return scene
    }

    @Test("When it is uncordoned, who waits for a lab that it can never hold is told so")
    func tooNarrow() {
        var scene = scene(.small("h1", memory: 2))
        scene.launch("b", learner: "ann", lab: "big")
        #expect(scene.state("b")?.name == "queued")
        scene.send(.uncordon(host: "h1", request: scene.request()))
        guard case .failed(let reason, _, _)? = scene.storedSessions.last?.state else {
            Issue.record("it waits for ever")
            return
        }
        #expect(reason.message.contains("this learner's files are on the host h1"))
    }

    @Test("A host that came back and was uncordoned in a step that failed is lost as before, and nobody bound to it")
    func rolledBack() {
        var scene = scene(.small("h1"))
        scene.send(.configure(labs: [.python], hosts: [.small("h2")]))
        scene.launch("b", learner: "ann")
        scene.commits = false
        scene.send(.configure(labs: [.python], hosts: [.small("h1"), .small("h2")]))
        scene.send(.uncordon(host: "h1", request: scene.request()))
        scene.core.rollback()
        #expect(scene.core.violations(at: scene.now) == [])
        scene.commits = true
        scene.listed("h2")
        #expect(scene.host("b") == "h2")
    }
}
