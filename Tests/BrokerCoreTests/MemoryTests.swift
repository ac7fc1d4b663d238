import Testing

@testable import BrokerCore

@Suite("Labs that reach their memory limit")
struct MemoryTests {
    @Test("A process stopped for want of memory is told in the story, with the limit and what helps; the lab goes on")
    func told() {
        var scene = Scene.ready()
        scene.run("a")
        #expect(scene.core.memoryWarnedAt("a") == nil)
        #expect(scene.send(.processKilled("a", epoch: 1)) == [.changed("a")])
        #expect(scene.toldStates == ["note"])
        #expect(scene.stories.last?.reason.contains("all of its 1 GiB of memory") == true)
        #expect(scene.state("a")?.name == "running")
        #expect(scene.stories.last?.reason.contains("less data at a time") == true)
        #expect(scene.core.memoryWarnedAt("a") == scene.now)
    }

    @Test("Again and again, it is told once in a while; a clock that was set back does not silence it")
    func notEachTime() {
        var scene = Scene.ready()
        scene.run("a")
        scene.send(.processKilled("a", epoch: 1))
        scene.now = scene.now + Limits.memoryNoteInterval - .milliseconds(1)
        #expect(scene.send(.processKilled("a", epoch: 1)) == [] && scene.changes == [])
        scene.now = scene.now + .milliseconds(1)
        #expect(scene.send(.processKilled("a", epoch: 1)) == [.changed("a")])
        scene.now = scene.now - .seconds(3600)
        #expect(scene.send(.processKilled("a", epoch: 1)) == [.changed("a")])
    }

    @Test("The next run begins without the warning; news of an older run, or of one that does not run, say nothing")
    func otherRuns() {
        var scene = Scene.ready()
        scene.launch("a")
        #expect(scene.send(.processKilled("a", epoch: 1)) == [])
        scene.ready("a")
        scene.send(.processKilled("a", epoch: 1))
        scene.end("a")
        #expect(scene.send(.processKilled("a", epoch: 1)) == [])
        #expect(scene.core.memoryWarnedAt("a") == nil)
        scene.restart("a")
        scene.send(.containerRemoved("a", epoch: 1))
        scene.ready("a", epoch: 2)
        #expect(scene.core.memoryWarnedAt("a") == nil)
        #expect(scene.send(.processKilled("a", epoch: 1)) == [])
    }
}
