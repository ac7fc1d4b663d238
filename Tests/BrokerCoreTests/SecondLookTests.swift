import Testing

@testable import BrokerCore

/// If a decision frees something for another session, the same step places that session.
@Suite("Whoever waits is considered again")
struct SecondLookTests {
    @Test("where the start of a pool seat that went for somebody was taken by another who waited longer")
    func startOfAPoolSeat() {
        let hosts = [
            HostSpec.small("h1", memory: 16, starts: 1), .small("h2", slots: 1, memory: 4, starts: 1),
            .small("h3", memory: 16, starts: 1),
        ]
        let labs = [Lab.quick, .python, .big]
        var scene = Scene()
        scene.send(.configure(labs: labs, hosts: hosts, pools: [PoolTests.pool(1)]))
        scene.listed("h2")
        // The pool's seat on h2 is given up, and its room is free once its container is removed.
        #expect(scene.send(.configure(labs: labs, hosts: hosts)) == [.remove("warm-1", epoch: 0, host: "h2")])
        scene.listed("h1")
        scene.listed("h3")
        scene.send(.configure(labs: labs, hosts: hosts, pools: [PoolTests.pool(2, perHost: 1)]))
        #expect(scene.warmRuns == ["warm-2", "warm-3"])
        // The pool's seats use every start; the next free seat is on h2.
        scene.launch("small")
        #expect(scene.state("small")?.name == "queued")
        #expect(scene.warmRuns == ["warm-2", "warm-3"])
        scene.now = scene.now + .seconds(1)
        // The large lab does not fit there. The first seat given up for it leaves its start to the session that waited
        // before it.
        scene.launch("large", lab: "big")
        #expect(scene.host("small") == "h1")
        #expect(scene.host("large") == "h3")
        #expect(scene.warmRuns == [])
    }

    @Test("when the only host that had the image of their lab is forgotten: it may be on another one by now")
    func forgottenHost() {
        let image = HostImage(id: "sha256:one", createdAt: Timestamp(milliseconds: 1))
        var scene = Scene.ready(hosts: [.small("h1")], labs: [.python])
        let added = HostEntry(
            spec: .small("x1"),
            address: HostAddress(endpoint: "unix:///x1.sock", identity: nil, publishAddress: "127.0.0.1"))
        scene.send(.addHost(added, engineID: nil, request: scene.request()))
        scene.send(.hostListed(host: "x1", containers: [], facts: HostFacts(images: ["lab/python": image])))
        scene.send(.hostListed(host: "h1", containers: [], facts: HostFacts(images: ["lab/python": nil])))
        scene.run("a")
        #expect(scene.host("a") == "x1")
        scene.send(
            .removeHost(host: "x1", draining: true, deadline: scene.now + .seconds(600), request: scene.request()))
        scene.launch("b")
        #expect(scene.state("b")?.name == "queued")
        scene.end("a")
        let actions = scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.core.hostStatus("x1") == nil)
        #expect(actions.contains(.start("b", epoch: 1, host: "h1")))
    }
}
