import Testing

@testable import BrokerCore

@Suite("Queue")
struct QueueTests {
    @Test("Who came first starts first, and everybody sees their position")
    func order() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)])
        scene.run("a")
        for id: SessionID in ["d", "c", "b"] {
            scene.now = scene.now + .seconds(1)
            scene.launch(id)
        }
        #expect(["d", "c", "b"].map { scene.core.queuePosition(of: $0) } == [1, 2, 3])
        #expect(scene.core.queueLength == 3)
        scene.end("a")
        let actions = scene.send(.containerRemoved("a", epoch: 1))
        #expect(actions.contains(.start("d", epoch: 1, host: "h1")))
        #expect(actions.last == .queueMoved)
        #expect(["d", "c", "b"].map { scene.core.queuePosition(of: $0) } == [nil, 1, 2])
    }

    @Test("Those who came in the same moment are ordered by id")
    func ties() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)])
        scene.run("a")
        scene.launch("c")
        #expect(scene.launch("b").last == .queueMoved)
        #expect(["b", "c"].map { scene.core.queuePosition(of: $0) } == [1, 2])
    }

    @Test("Joining the queue at its end moves nobody")
    func joining() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)])
        scene.run("a")
        scene.launch("b")
        #expect(!scene.launch("c").contains(.queueMoved))
    }

    @Test("Not more containers than the host's limit are on their way at the same time")
    func pacing() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 4, starts: 2)])
        for id: SessionID in ["a", "b", "c"] { scene.launch(id) }
        #expect(scene.state("c") == .queued(since: scene.now))
        #expect(scene.core.explanation(of: "c", at: scene.now)?.contains("a few at a time") == true)
        #expect(scene.ready("a").contains(.start("c", epoch: 1, host: "h1")))
    }

    @Test("Who needs much memory is not overtaken for ever by those who need little")
    func noStarvation() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 9, starts: 9)])
        for id: SessionID in ["a", "b", "c"] { scene.run(id) }
        scene.launch("x", lab: "big")
        scene.now = scene.now + .seconds(1)
        scene.launch("d")
        #expect(scene.state("d") == .queued(since: scene.now))
        scene.end("a")
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.core.hostStatus("h1")?.memoryUsedBytes == 8 * gibibyte)
        #expect(scene.host("x") == "h1")
    }

    @Test("One host at most is held for a large lab; small ones behind it take the others")
    func heldHost() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 9, starts: 9), .small("h2", slots: 9, starts: 9)])
        for index in 1...6 { scene.run(SessionID(rawValue: "a\(index)")) }
        scene.run("a7")
        // Four on h1, three on h2: neither has the 6 GiB.
        scene.launch("x", lab: "big")
        scene.now = scene.now + .seconds(1)
        scene.launch("d")
        #expect(scene.host("x") == nil)
        #expect(scene.host("d") == "h1")
    }

    @Test("When the large lab gives up waiting, those who were held back for it start")
    func heldIsFreed() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 9, starts: 9)])
        for id: SessionID in ["a", "b", "c"] { scene.run(id) }
        scene.launch("x", lab: "big")
        scene.launch("y")
        #expect(scene.host("y") == nil)
        #expect(scene.end("x").contains(.start("y", epoch: 1, host: "h1")))
    }

    @Test("A session that can only go to a full host holds up nobody else")
    func noHeadOfLineBlocking() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1), .small("h2")], sharedHomes: false)
        scene.send(.cordon(host: "h2", request: scene.request()))
        scene.run("a", learner: "ann")
        scene.send(.uncordon(host: "h2", request: scene.request()))
        scene.launch("b", learner: "ann", lab: "rstudio")
        #expect(scene.state("b") == .queued(since: scene.now))
        #expect(scene.core.explanation(of: "b", at: scene.now)?.contains("host h1, where all seats are taken") == true)
        scene.launch("c", learner: "cas")
        #expect(scene.host("c") == "h2")
    }

    @Test("Beyond the queue's limit a launch is refused, and nothing of it stays")
    func limit() {
        var core = BrokerCore(sharedHomes: true)
        let now = Timestamp(milliseconds: 0)
        _ = core.handle(.configure(labs: [.python], hosts: [.small("h1")]), at: now)
        func launch(_ index: Int) -> [Action] {
            core.handle(
                .launch(
                    learner: .named("l\(index)"), lab: "python", newID: SessionID(rawValue: "s\(index)"),
                    request: RequestID(rawValue: UInt64(index))), at: now)
        }
        for index in 0..<Limits.queueLength { _ = launch(index) }
        #expect(core.queueLength == Limits.queueLength)
        core.confirm()
        guard case .answer(_, .refused(.limit(let message)))? = launch(Limits.queueLength).first else {
            Issue.record("the launch was not refused")
            return
        }
        #expect(message.contains("10000"))
        #expect(core.pendingChanges == [])
        #expect(core.queueLength == Limits.queueLength)
    }

    @Test("The estimate is made of measured starts, and honest: none before the first, none while seats are full")
    func estimate() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 4, starts: 1)])
        scene.launch("a")
        for id: SessionID in ["b", "c", "d", "e"] { scene.launch(id) }
        #expect(scene.core.estimate(of: "b", at: scene.now) == nil)
        scene.now = scene.now + .seconds(4)
        scene.ready("a")
        #expect(scene.core.estimate(of: "b", at: scene.now) == .seconds(4))
        #expect(scene.core.estimate(of: "b", at: scene.now + .seconds(3)) == .seconds(1))
        #expect(scene.core.estimate(of: "b", at: scene.now + .seconds(9)) == .zero)
        #expect(scene.core.estimate(of: "c", at: scene.now) == .seconds(6))
        #expect(scene.core.estimate(of: "d", at: scene.now) == .seconds(10))
        #expect(scene.core.estimate(of: "e", at: scene.now) == nil)
        #expect(scene.core.estimate(of: "a", at: scene.now) == nil)
    }

    @Test("Only recent starts are remembered")
    func startTimesAreBounded() {
        var times = StartTimes()
        times.add(.seconds(1000))
        for _ in 0..<Limits.startTimeSamples { times.add(.seconds(2)) }
        #expect(times.mean == .seconds(2))
    }
}
