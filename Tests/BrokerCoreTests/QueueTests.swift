import Identity
import Testing
import Words

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

    @Test("Portals take turns: one launch of each, however many another portal has waiting")
    func portalsTakeTurns() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)], portals: ["school", "university", "college"])
        scene.run("x")
        for index in 1...4 {
            scene.now = scene.now + .seconds(1)
            scene.launch(SessionID(rawValue: "a\(index)"), portal: "university")
        }
        for index in 1...2 {
            scene.now = scene.now + .seconds(1)
            // The second portal's first launch is next but one, which moves all positions behind it.
            #expect(scene.launch(SessionID(rawValue: "b\(index)"), portal: "college").last == .queueMoved)
        }
        let all: [SessionID] = ["a1", "b1", "a2", "b2", "a3", "a4"]
        #expect(all.map { scene.core.queuePosition(of: $0) } == [1, 2, 3, 4, 5, 6])
        #expect(
            scene.core.explanation(of: "a2", at: scene.now)?.contains(
                "2 other sessions come first (portals take turns)") == true)
        var served: [SessionID] = []
        var last: SessionID = "x"
        while served.count < all.count {
            scene.end(last)
            scene.send(.containerRemoved(last, epoch: 1))
            last = all.first { scene.host($0) != nil } ?? last
            served.append(last)
            scene.ready(last)
        }
        #expect(served == all)
    }

    @Test("A portal whose learners come one by one does not overtake another's backlog again and again")
    func tricklingPortal() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)], portals: ["school", "backlog", "trickle"])
        scene.run("x")
        for index in 1...8 { scene.launch(SessionID(rawValue: "b\(index)"), portal: "backlog") }
        var served: [PortalID: Int] = [:]
        var last: SessionID = "x"
        for round in 1...8 {
            scene.now = scene.now + .seconds(1)
            scene.launch(SessionID(rawValue: "t\(round)"), portal: "trickle")
            scene.end(last)
            scene.send(.containerRemoved(last, epoch: 1))
            last = scene.core.sessions.first { $0.state.host != nil }!.id
            served[scene.core.session(last)!.learner.portal, default: 0] += 1
            scene.ready(last)
        }
        #expect(served == ["backlog": 4, "trickle": 4])
    }

    @Test("A portal that joins late takes turns from then on, and does not make up for the time when it had nobody")
    func joiningLate() {
        var scene = Scene.ready(
            hosts: [.small("h1", slots: 4, starts: 1)], portals: ["school", "university", "college"])
        for index in 1...5 { scene.launch(SessionID(rawValue: "a\(index)"), portal: "university") }
        for index in 1...3 { scene.ready(SessionID(rawValue: "a\(index)")) }
        scene.now = scene.now + .seconds(1)
        scene.launch("a6", portal: "university")
        for index in 1...3 { scene.launch(SessionID(rawValue: "b\(index)"), portal: "college") }
        #expect(["b1", "a5", "b2", "a6", "b3"].map { scene.core.queuePosition(of: $0) } == [1, 2, 3, 4, 5])
    }

    @Test("Launches that were given up while they waited cost their portal no turn")
    func abandonedTurns() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)], portals: ["school", "university", "college"])
        scene.run("x")
        for index in 1...5 { scene.launch(SessionID(rawValue: "a\(index)"), portal: "university") }
        for index in 1...3 { scene.end(SessionID(rawValue: "a\(index)")) }
        scene.now = scene.now + .seconds(1)
        scene.launch("b1", portal: "college")
        scene.launch("b2", portal: "college")
        #expect(["a4", "b1", "a5", "b2"].map { scene.core.queuePosition(of: $0) } == [1, 2, 3, 4])
        scene.launch("a6", portal: "university")
        #expect(scene.core.queuePosition(of: "a6") == 5)
    }

    @Test("Who lost a seat before it was ready is next again, before portals whose turn came since")
    func returnedTurn() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)], portals: ["school", "university", "college"])
        scene.launch("a1", portal: "university")
        for id: SessionID in ["a2", "a3"] { scene.launch(id, portal: "university") }
        scene.now = scene.now + .seconds(1)
        scene.launch("b1", portal: "college")
        scene.send(.startFailed("a1", epoch: 1, .engine("full")))
        #expect(["a1", "a2", "b1", "a3"].map { scene.core.queuePosition(of: $0) } == [1, 2, 3, 4])
        for id: SessionID in ["a2", "a3"] { scene.end(id) }
        #expect(["a1", "b1"].map { scene.core.queuePosition(of: $0) } == [1, 2])
        scene.send(.containerRemoved("a1", epoch: 1))
        scene.send(.startFailed("a1", epoch: 2, .engine("full")))
        #expect(["a1", "b1"].map { scene.core.queuePosition(of: $0) } == [1, 2])
    }

    @Test("Who can find no seat keeps their turn while others of their portal get one")
    func blockedKeepsTurn() {
        var scene = Scene.ready(
            hosts: [
                .small("h1", slots: 9, starts: 1), .small("h2", slots: 9, memory: 2, starts: 1),
            ], portals: ["school", "university", "college"])
        for id: SessionID in ["a", "b", "c", "d"] { scene.run(id) }
        // There is not enough memory for it, and the turn of the small lab behind it comes later.
        scene.launch("x", lab: "big", portal: "university")
        scene.now = scene.now + .seconds(1)
        scene.launch("y", lab: "big", portal: "college")
        let before = ["x", "y"].map { scene.core.queuePosition(of: $0) }
        scene.launch("z", portal: "university")
        #expect(["x", "y"].map { scene.core.queuePosition(of: $0) } == before)
    }

    @Test("Of two portals that both have somebody waiting, neither gets two seats more than the other")
    func fairness() {
        var queue = Queue()
        var random = SplitMix(seed: 42)
        var serial: Int64 = 0
        var served: [PortalID: Int] = [:]
        func come(_ portal: PortalID) {
            serial += 1
            queue.insert(
                Queue.Ticket(since: Timestamp(milliseconds: serial), id: SessionID(rawValue: "\(serial)")),
                in: .portal(portal),
                isReturning: false)
        }
        for _ in 0..<40 { come("a") }
        for _ in 0..<3 { come("b") }
        for _ in 0..<400 {
            for portal: PortalID in ["a", "b"]
            where queue.waiting[.portal(portal), default: []].count < 2 || random.next() % 3 == 0 {
                come(portal)
            }
            // Occasionally a session leaves the queue.
            if random.next() % 5 == 0, let tickets = queue.waiting[.portal("a")], tickets.count > 3 {
                queue.remove(tickets[Int(random.next() % UInt64(tickets.count))], of: .portal("a"), .gaveUp)
            }
            let next = queue.order[0]
            let portal: PortalID = queue.waiting[.portal("a")]?.first == next ? "a" : "b"
            #expect(queue.position(of: next, in: .portal(portal)) == 1)
            queue.remove(next, of: .portal(portal), .seated)
            served[portal, default: 0] += 1
            #expect(abs(served["a", default: 0] - served["b", default: 0]) <= 2)
        }
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
        #expect(scene.core.waiting(of: "c", at: scene.now)?.cause == .startsPaced(underWay: 2))
        #expect(scene.core.explanation(of: "c", at: scene.now)?.contains("2 labs are being started") == true)
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
        // Four on h1, three on h2: neither has 6 GiB free.
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
        guard case .answer(_, .refused(.limit(.queueLength)))? = launch(Limits.queueLength).first else {
            Issue.record("the launch was not refused")
            return
        }
        #expect(Refusal.limit(.queueLength).message.contains("10000"))
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

    @Test("The estimate counts the starts that the host bears, not those that its operator allows")
    func estimateFollowsPace() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 20, memory: 40, starts: 10)])
        scene.launch("a")
        scene.now = scene.now + .seconds(4)
        scene.ready("a")
        for index in 1...8 { scene.launch(SessionID(rawValue: "b\(index)")) }
        #expect(scene.core.hostStatus("h1")?.startsAllowed == Limits.startsAtFirst)
        // It is sixth in the queue: two starts at a time, 4 s each, and half a start for those in progress.
        #expect(scene.core.estimate(of: "b8", at: scene.now) == .seconds(14))
        scene.now = scene.now + .seconds(30)
        scene.ready("b1")
        #expect(scene.core.hostStatus("h1")?.startsAllowed == 1)
        #expect(scene.core.queuePosition(of: "b8") == 6)
        #expect(scene.core.estimate(of: "b8", at: scene.now) == .milliseconds(17_000 * 6 + 8500))
    }

    @Test("Only recent starts are remembered")
    func startTimesAreBounded() {
        var times = StartTimes()
        times.add(.seconds(1000))
        for _ in 0..<Limits.startTimeSamples { times.add(.seconds(2)) }
        #expect(times.mean == .seconds(2))
    }
}
