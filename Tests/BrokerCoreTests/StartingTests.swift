import Testing
import Words

@testable import BrokerCore

@Suite("Starting")
struct StartingTests {
    @Test("The steps of a start are stored one by one, and at ready the route is published")
    func steps() {
        var scene = Scene.ready()
        scene.launch("a")
        let since = scene.now
        scene.now = scene.now + .seconds(1)
        #expect(scene.send(.containerCreated("a", epoch: 1)) == [.changed("a")])
        #expect(scene.state("a") == .starting(host: "h1", step: .starting, since: since))
        scene.send(.containerStarted("a", epoch: 1, endpoint: .of("a")))
        #expect(scene.state("a") == .starting(host: "h1", step: .waiting, since: since))
        scene.now = scene.now + .seconds(2)
        #expect(scene.ready("a") == [.publishRoute("a", epoch: 1, .of("a")), .changed("a")])
        #expect(scene.state("a") == .running(host: "h1", endpoint: .of("a"), since: scene.now))
        #expect(scene.stories.last?.reason.contains("3.0 s") == true)
        #expect(scene.core.session("a")?.lastActivityAt == scene.now)
    }

    @Test("Replies that come late, twice or out of order change nothing")
    func replies() {
        var scene = Scene.ready()
        scene.launch("a")
        scene.send(.containerStarted("a", epoch: 1, endpoint: .of("a")))
        let waiting = scene.state("a")
        #expect(scene.send(.containerCreated("a", epoch: 1)) == [])
        #expect(scene.state("a") == waiting)
        scene.ready("a")
        let running = scene.core.session("a")
        #expect(scene.ready("a") == [])
        #expect(scene.send(.containerCreated("a", epoch: 1)) == [])
        #expect(scene.send(.startFailed("a", epoch: 1, .neverReady("late"))) == [])
        #expect(scene.core.session("a") == running)
        #expect(scene.changes == [])
    }

    @Test("News of an older run, and of a session that is unknown, are ignored")
    func staleEpochs() {
        var scene = Scene.ready()
        scene.launch("a")
        scene.send(.startFailed("a", epoch: 1, .engine("full")))
        scene.send(.containerRemoved("a", epoch: 1))
        let now = scene.core.session("a")
        #expect(now?.epoch == 2)
        for event: Event in [
            .containerCreated("a", epoch: 1), .containerStarted("a", epoch: 1, endpoint: .of("a")),
            .labReady("a", epoch: 1, endpoint: .of("a")), .startFailed("a", epoch: 1, .hostUnreachable("late")),
            .containerExited("a", epoch: 1, code: 1, outOfMemory: false), .containerRemoved("a", epoch: 1),
            .removeFailed("a", epoch: 1, message: "late"), .labReported("a", epoch: 1, .busy),
            .labReady("zz", epoch: 1, endpoint: .of("a")), .activity(["zz": scene.now]),
        ] {
            #expect(scene.send(event) == [])
        }
        #expect(scene.core.session("a") == now)
        #expect(scene.core.hostStatus("h1")?.state == .active)
    }

    @Test("A failed attempt's container is removed, and then the next attempt starts, elsewhere if it can")
    func retry() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.launch("a")
        let failed = scene.send(.startFailed("a", epoch: 1, .engine("no space left on device")))
        #expect(failed.first == .remove("a", epoch: 1, host: "h1"))
        #expect(scene.core.session("a")?.failedAttempts == 1)
        #expect(scene.stories.last?.reason.contains("no space left on device.") == true)
        #expect(scene.send(.containerRemoved("a", epoch: 1)).first == .start("a", epoch: 2, host: "h2"))
    }

    @Test("The seat of a failed attempt is taken until its container is removed")
    func leftoverTakesSeat() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)])
        scene.launch("a")
        scene.now = scene.now + .seconds(1)
        scene.launch("b")
        scene.send(.startFailed("a", epoch: 1, .engine("full")))
        #expect(scene.core.hostStatus("h1")?.seats == 1)
        #expect(scene.core.hostStatus("h1")?.sessions == 0)
        #expect(scene.host("b") == nil)
        #expect(scene.send(.containerRemoved("a", epoch: 1)).first == .start("a", epoch: 2, host: "h1"))
    }

    @Test("A failed attempt returns to its old place in the queue")
    func keepsPlace() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)])
        scene.launch("a")
        let since = scene.now
        scene.now = scene.now + .seconds(5)
        scene.launch("b")
        scene.now = scene.now + .seconds(5)
        scene.send(.containerExited("a", epoch: 1, code: 1, outOfMemory: true))
        #expect(scene.state("a") == .queued(since: since))
        #expect(scene.core.queuePosition(of: "a") == 1)
        #expect(scene.stories.last?.reason.contains("more memory than the lab allows") == true)
    }

    @Test("If the removal fails, the next attempt does not wait for it; the removal is tried again")
    func failedRemovalGatesNobody() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.launch("a")
        scene.send(.startFailed("a", epoch: 1, .engine("full")))
        let actions = scene.send(.removeFailed("a", epoch: 1, message: "device is busy"))
        #expect(actions.first == .start("a", epoch: 2, host: "h2"))
        #expect(scene.core.nextDeadline == scene.now + Limits.removeRetryDelay)
        #expect(scene.wait(Limits.removeRetryDelay) == [.remove("a", epoch: 1, host: "h1")])
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.core.hostStatus("h1")?.seats == 0)
    }

    @Test("After the last attempt the session fails, and says what happened and what to do")
    func givesUp() throws {
        var scene = Scene.ready()
        scene.launch("a")
        for epoch in 1...Limits.startAttempts {
            scene.send(.startFailed("a", epoch: epoch, .neverReady("no answer on port 8888 for 60 s")))
            if epoch < Limits.startAttempts { scene.send(.containerRemoved("a", epoch: epoch)) }
        }
        guard case .failed(let reason, _, _)? = scene.storedSessions.last?.state else {
            Issue.record("the session goes on")
            return
        }
        #expect(
            reason.message.contains("no answer on port 8888 for 60 s.") && reason.message.contains("may start it again")
        )
        #expect(scene.core.session("a") == nil)
        // Its last container still takes a seat until it is removed.
        #expect(scene.core.hostStatus("h1")?.seats == 1)
        scene.send(.containerRemoved("a", epoch: Limits.startAttempts))
        #expect(scene.core.hostStatus("h1")?.seats == 0)
    }

    /// A session that has failed after the maximum number of attempts, each for this reason.
    private func failed(_ failure: StartFailure) -> (scene: Scene, session: Session?) {
        var scene = Scene.ready()
        scene.launch("a")
        for epoch in 1...Limits.startAttempts {
            scene.send(.startFailed("a", epoch: epoch, failure))
            if epoch < Limits.startAttempts { scene.send(.containerRemoved("a", epoch: epoch)) }
        }
        let session = scene.storedSessions.last
        scene.send(.containerRemoved("a", epoch: Limits.startAttempts))
        return (scene, session)
    }

    @Test("A lab that stopped by itself at its start is told from a fault on our side")
    func fault() {
        func fault(_ failure: StartFailure) -> StartFault? {
            if case .failed(_, let fault, _)? = failed(failure).session?.state { fault } else { nil }
        }
        #expect(fault(.labStopped("exit code 1")) == .lab)
        #expect(fault(.engine("full")) == .ours && fault(.neverReady("no answer")) == .ours)
        #expect([1, 137, nil].allSatisfy { StartFault(exitCode: $0) == .lab })
        #expect(StartFault(exitCode: 143) == .ours, "somebody stopped it")
        var scene = Scene.ready()
        scene.launch("a")
        for epoch in 1...Limits.startAttempts {
            scene.send(.containerExited("a", epoch: epoch, code: 1, outOfMemory: false))
            if epoch < Limits.startAttempts { scene.send(.containerRemoved("a", epoch: epoch)) }
        }
        guard case .failed(_, .lab, _)? = scene.storedSessions.last?.state else {
            Issue.record("an exit during the start is not taken for the lab's own")
            return
        }
    }

    @Test("A lab that stopped by itself at its start is started again by a click after a pause, and by none before")
    func pause() throws {
        var (scene, session) = failed(.labStopped("exit code 1"))
        let stored = try #require(session)
        scene.now = scene.now + Limits.failedStartPause - .milliseconds(1)
        scene.core.adopt(stored)
        #expect(scene.restart("a") == [.answer(scene.lastRequest, .session("a"))] && scene.changes == [])
        scene.core.adopt(stored)
        #expect(scene.launch("new", learner: "a") == [.answer(scene.lastRequest, .session("a"))])
        #expect(scene.changes == [] && scene.core.session("a") == nil)
        scene.now = scene.now + .milliseconds(1)
        scene.core.adopt(stored)
        #expect(scene.restart("a").contains(.start("a", epoch: stored.epoch + 1, host: "h1")))
        (scene, session) = failed(.engine("full"))
        scene.core.adopt(try #require(session))
        #expect(scene.restart("a").contains(.start("a", epoch: stored.epoch + 1, host: "h1")))
    }

    @Test("After a clock that was set back, a lab that stopped at its start need not wait for the old time")
    func pauseAfterClock() throws {
        let (end, session) = failed(.labStopped("exit code 1"))
        var scene = end
        scene.now = scene.now - .seconds(3600)
        scene.core.adopt(try #require(session))
        let actions = scene.restart("a")
        #expect(actions.contains { if case .start = $0 { true } else { false } })
    }

    @Test("A missing image sends the session to another host, and the lab avoids this one until its next listing")
    func imageMissing() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.launch("a")
        let actions = scene.send(.startFailed("a", epoch: 1, .imageMissing("lab/python")))
        #expect(actions.first == .start("a", epoch: 2, host: "h2"))
        #expect(scene.core.session("a")?.failedAttempts == 0)
        scene.ready("a", epoch: 2)
        scene.run("b")
        #expect(scene.host("b") == "h2")
        scene.launch("c", lab: "rstudio")
        #expect(scene.host("c") == "h1")
        scene.listed("h1", [.running("c")])
        scene.launch("d")
        #expect(scene.host("d") == "h1")
    }

    @Test("An image that no host has fails the session with its name")
    func imageNowhere() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.launch("a")
        scene.send(.startFailed("a", epoch: 1, .imageMissing("lab/python")))
        scene.send(.startFailed("a", epoch: 2, .imageMissing("lab/python")))
        guard case .failed(let reason, _, _)? = scene.storedSessions.last?.state else {
            Issue.record("the session goes on")
            return
        }
        #expect(reason.message.contains("lab/python") && reason.message.contains("operator"))
    }

    @Test("A host that dies during a start is passed over, and the session starts elsewhere with its place kept")
    func hostDies() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        scene.launch("a")
        scene.launch("b")
        scene.launch("c")
        var actions = scene.send(.startFailed("a", epoch: 1, .hostUnreachable("connection refused")))
        // One start is free on h2. The other session that is starting on h1 gets the silence grace.
        #expect(actions.first == .start("a", epoch: 2, host: "h2"))
        #expect(scene.core.session("c")?.epoch == 1)
        actions += scene.wait(Limits.silenceGrace)
        #expect(scene.core.hostStatus("h1")?.state == .unreachable)
        #expect(scene.core.session("a")?.failedAttempts == 0)
        #expect(scene.core.session("c")?.epoch == 2)
        #expect(scene.core.queuePosition(of: "c") == 1)
        // No removal is requested from a silent host; the old containers are removed when it returns.
        #expect(!actions.contains { if case .remove = $0 { true } else { false } })
        let back = scene.listed("h1", [.running("a")])
        #expect(back.contains(.remove("a", epoch: 1, host: "h1")) && back.contains(.remove("c", epoch: 1, host: "h1")))
        #expect(scene.host("c") == nil)
        #expect(scene.send(.containerRemoved("c", epoch: 1)).first == .start("c", epoch: 2, host: "h1"))
    }

    @Test("A launch is not sent around for ever")
    func detoursAreBounded() {
        var scene = Scene.ready()
        scene.launch("a")
        for _ in 1..<Limits.startDetours {
            scene.away("h1")
            scene.listed("h1")
            let epoch = scene.core.session("a")!.epoch
            scene.send(.containerRemoved("a", epoch: epoch - 1))
            #expect(scene.host("a") == "h1")
        }
        scene.away("h1", "flapping")
        guard case .failed(let reason, _, _)? = scene.storedSessions.last?.state else {
            Issue.record("the session goes on")
            return
        }
        #expect(reason.message.contains("flapping"))
    }
}
