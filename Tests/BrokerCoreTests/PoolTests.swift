import Identity
import Testing

@testable import BrokerCore

@Suite("Pools")
struct PoolTests {
    static let key = LabKey(portal: "school", name: "quick")

    static func pool(_ minimum: Int, _ maximum: Int? = nil, perHost: Int = 10) -> PoolSpec {
        PoolSpec(key: key, minimum: minimum, maximum: maximum ?? minimum, perHost: perHost)
    }

    /// Labs that keep no files, on hosts where homes can also be attached.
    static func scene(hosts: [HostSpec] = [.small("h1", slots: 8, starts: 8)], pools: [PoolSpec]) -> Scene {
        var scene = Scene()
        scene.send(.configure(labs: [.quick, .python, .big], hosts: hosts, pools: pools))
        for host in hosts {
            scene.send(.hostProbed(host: host.name, .possible))
            scene.listed(host.name)
        }
        return scene
    }

    @Test("A pool starts its seats a few at a time, leaving one start to people, until it has its minimum")
    func fills() {
        var scene = Self.scene(pools: [Self.pool(3)])
        #expect(scene.warmRuns == ["warm-1"])
        #expect(scene.core.poolStatuses(at: scene.now).map(\.wanted) == [3])
        scene.warmReady(1)
        scene.warmReady(2)
        scene.warmReady(3)
        #expect(scene.warmRuns == ["warm-1", "warm-2", "warm-3"])
        #expect(scene.core.poolStatuses(at: scene.now).map(\.ready) == [3])
        #expect(scene.core.hostStatuses.map(\.seats) == [3])
    }

    @Test("A warm seat is on disk before its engine is asked")
    func intentFirst() {
        var scene = Scene()
        scene.send(.configure(labs: [.quick], hosts: [.small("h1")], pools: [Self.pool(1)]))
        let actions = scene.listed("h1")
        #expect(actions == [.start("warm-1", epoch: 0, host: "h1")])
        let stored = scene.changes.compactMap { if case .warm(let seat) = $0 { seat } else { nil } }
        #expect(stored.map(\.id) == [WarmSeatID(number: 1)])
        #expect(stored.map(\.state) == [.starting(since: scene.now)])
    }

    @Test("A launch claims a ready seat in one step: session and seat change in one commit, and the lab is open")
    func claim() {
        var scene = Self.scene(pools: [Self.pool(1)])
        scene.warmReady(1)
        let actions = scene.launch("a", lab: "quick")
        let endpoint = Endpoint.of("warm-1")
        #expect(
            actions.prefix(3) == [
                .publishRoute("a", epoch: 1, endpoint), .start("warm-2", epoch: 0, host: "h1"),
                .answer(scene.lastRequest, .session("a")),
            ])
        #expect(scene.state("a") == .running(host: "h1", endpoint: endpoint, since: scene.now))
        #expect(scene.changes.contains(.warmGone(WarmSeatID(number: 1))))
        #expect(scene.storedSessions.last?.warm == WarmSeatID(number: 1))
        #expect(scene.core.session("a")?.container.name == "warm-1")
        #expect(scene.stories.last?.reason.contains("warm seat on h1 was claimed") == true)
    }

    @Test("A lab with files has them attached before it opens, by one who has no start to wait for")
    func attach() {
        let spec = PoolSpec(key: LabKey(portal: "school", name: "python"), minimum: 1, maximum: 1)
        var scene = Self.scene(pools: [spec])
        scene.warmReady(1)
        let actions = scene.launch("a")
        #expect(actions.first == .start("a", epoch: 1, host: "h1"))
        #expect(scene.state("a") == .starting(host: "h1", step: .attaching, since: scene.now))
        // The next warm seat starts at once, because attaching does not count as a start.
        #expect(actions.contains(.start("warm-2", epoch: 0, host: "h1")))
        scene.send(.labReady("a", epoch: 1, endpoint: .of("warm-1")))
        #expect(scene.state("a") == .running(host: "h1", endpoint: .of("warm-1"), since: scene.now))
    }

    @Test("Where a claimed seat's lab cannot be given the files, its session starts anew, and its story says why")
    func attachmentFails() {
        let spec = PoolSpec(key: LabKey(portal: "school", name: "python"), minimum: 1, maximum: 1)
        var scene = Self.scene(pools: [spec])
        scene.warmReady(1)
        scene.launch("a")
        let since = scene.now
        scene.wait(.seconds(1))
        scene.send(.attachmentFailed("a", epoch: 1, message: "the slot cannot be opened"))
        #expect(scene.state("a") == .starting(host: "h1", step: .creating, since: since))
        #expect(scene.core.session("a")?.failedAttempts == 0)
        #expect(scene.stories.last?.reason.contains("the slot cannot be opened.") == true)
        scene.send(.containerCreated("a", epoch: 1))
        #expect(scene.state("a") == .starting(host: "h1", step: .starting, since: since))
        scene.ready("a")
        #expect(scene.state("a")?.name == "running")
        // The report does not affect a running session.
        #expect(scene.send(.attachmentFailed("a", epoch: 1, message: "late")) == [] && scene.changes == [])
    }

    @Test("A seat whose home can no longer be attached is given up, and a claimed one's session ends")
    func homesLost() {
        let spec = PoolSpec(key: LabKey(portal: "school", name: "python"), minimum: 1, maximum: 1)
        var scene = Self.scene(pools: [spec])
        scene.warmReady(1)
        scene.launch("a")
        scene.ready("a")
        scene.warmReady(2)
        #expect(scene.send(.homeLost("warm-2", epoch: 0)) == [.remove("warm-2", epoch: 0, host: "h1")])
        let actions = scene.send(.homeLost("warm-1", epoch: 0))
        #expect(actions == [.withdrawRoute("a"), .remove("warm-1", epoch: 0, host: "h1"), .changed("a")])
        #expect(scene.state("a") == .ending(host: "h1", reason: .homeLost(host: "h1"), since: scene.now))
    }

    @Test("A listing from before a lab was ready says nothing of its home: the container may be another by now")
    func homeOfAnotherContainer() {
        let spec = PoolSpec(key: LabKey(portal: "school", name: "python"), minimum: 1, maximum: 1)
        var scene = Self.scene(pools: [spec])
        let beforeWarm = scene.core.eventCount
        scene.warmReady(1)
        #expect(scene.send(.homeLost("warm-1", epoch: 0, asked: beforeWarm)) == [])
        scene.launch("a")
        let asked = scene.core.eventCount
        scene.send(.attachmentFailed("a", epoch: 1, message: "the slot cannot be opened"))
        #expect(scene.send(.homeLost("warm-1", epoch: 0, asked: asked)) == [])
        scene.ready("a")
        #expect(scene.send(.homeLost("warm-1", epoch: 0, asked: asked)) == [] && scene.changes == [])
        #expect(scene.state("a")?.name == "running" && scene.core.session("a")?.failedAttempts == 0)
    }

    @Test("Idle time and lifetime begin with the claim, not with the warm seat")
    func accounting() {
        var scene = Self.scene(pools: [Self.pool(1)])
        scene.warmReady(1)
        scene.wait(.seconds(5000))
        scene.launch("a", lab: "quick")
        #expect(scene.core.idleEndsAt("a") == scene.now + Lab.quick.idleTimeout)
        #expect(scene.core.lifetimeEndsAt("a") == scene.now + Lab.quick.maximumLifetime)
    }

    @Test("The end of a claimed seat's session removes the seat's container; news of it finds the session")
    func ending() {
        var scene = Self.scene(pools: [Self.pool(1)])
        scene.warmReady(1)
        scene.launch("a", lab: "quick")
        let actions = scene.end("a")
        #expect(actions.contains(.remove("warm-1", epoch: 0, host: "h1")))
        scene.send(.containerRemoved("warm-1", epoch: 0))
        #expect(scene.storedSessions.map(\.state) == [.ended(reason: .learnerEnded, at: scene.now)])
        #expect(scene.storedSessions.map(\.warm) == [nil])
    }

    @Test("A claimed container that stops ends its session, and one that is running keeps it through a restart")
    func restart() {
        var scene = Self.scene(pools: [Self.pool(1)])
        scene.warmReady(1)
        scene.launch("a", lab: "quick")
        let session = scene.core.session("a")!
        var next = Scene()
        let actions = next.core.restore(
            sessions: [session], duties: [:], homes: [], lastWarmNumber: 2, at: next.now)
        #expect(actions == [.publishRoute("a", epoch: 1, .of("warm-1"))])
        next.send(.configure(labs: [.quick], hosts: [.small("h1")]))
        #expect(next.listed("h1", [.running("warm-1", epoch: 0)]) == [])
        next.send(.containerExited("warm-1", epoch: 0, code: 1, outOfMemory: false))
        #expect(next.state("a")?.name == "ending")
    }

    @Test("Warm seats survive a restart; containers of seats that are not on disk are orphans; numbers are not reused")
    func seatsSurvive() {
        var scene = Self.scene(pools: [Self.pool(1)])
        scene.warmReady(1)
        var next = Scene()
        _ = next.core.restore(
            sessions: [], duties: [:], homes: [], warm: Array(scene.core.warmSeats), lastWarmNumber: 7, at: next.now)
        next.send(.configure(labs: [.quick], hosts: [.small("h1")], pools: [Self.pool(2)]))
        let actions = next.listed("h1", [.running("warm-1", epoch: 0), .running("warm-5", epoch: 0)])
        #expect(
            actions == [
                .removeOrphan(host: "h1", containerID: "container-warm-5-0"), .start("warm-8", epoch: 0, host: "h1"),
            ])
    }

    @Test("A seat whose container is gone or stopped is not offered any more; the next try comes later")
    func lost() {
        var scene = Self.scene(pools: [Self.pool(1)])
        scene.warmReady(1)
        let actions = scene.send(.containerExited("warm-1", epoch: 0, code: 1, outOfMemory: true))
        #expect(actions == [.remove("warm-1", epoch: 0, host: "h1")])
        #expect(scene.core.nextDeadline == scene.now + Limits.warmRetryDelay)
        #expect(scene.wait(Limits.warmRetryDelay).contains(.start("warm-2", epoch: 0, host: "h1")))
    }
}

extension Lab {
    /// A lab that keeps no files.
    static let quick = {
        var lab = of("quick")
        lab.files = .none
        return lab
    }()
}

extension Scene {
    /// The names of the existing warm seats.
    var warmRuns: [String] { core.warmSeats.map(\.id).sorted().map(\.description) }

    @discardableResult
    mutating func warmReady(_ number: Int64, sourceLocation: SourceLocation = #_sourceLocation) -> [Action] {
        let run = WarmSeatID(number: number).run
        return send(.labReady(run, epoch: 0, endpoint: .of(run)), sourceLocation: sourceLocation)
    }
}
