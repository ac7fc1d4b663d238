import Testing
import Words

@testable import BrokerCore

@Suite("Rolling drains")
struct RollingDrainTests {
    private func ready(_ hosts: Int = 3) -> Scene {
        Scene.ready(hosts: (1...hosts).map { .small("h\($0)") })
    }

    @discardableResult
    private func roll(
        _ scene: inout Scene, _ hosts: [String], max: Int = 1, span: Duration = .seconds(60)
    ) -> [Action] {
        scene.send(.rollingDrain(hosts: hosts, maximumUnavailable: max, span: span, request: scene.request()))
    }

    private func uncordon(_ scene: inout Scene, _ host: String) {
        scene.send(.uncordon(host: host, request: scene.request()))
    }

    private func states(_ scene: Scene) -> [HostState] { scene.core.hostStatuses.map(\.state) }

    private func refusal(_ actions: [Action]) -> String? {
        for case .answer(_, .refused(let refusal)) in actions { return refusal.message }
        return nil
    }

    @Test("The next host's drain begins when the one before is uncordoned, not when it is merely empty")
    func inTurn() {
        var scene = ready()
        scene.run("a")
        #expect(roll(&scene, ["h2", "h1", "h3"]) == [.answer(scene.lastRequest, .done)])
        #expect(states(scene) == [.active, .drained, .active])
        scene.wait(.seconds(600))
        #expect(states(scene) == [.active, .drained, .active])
        #expect(scene.core.hostStatus("h2")?.reason?.contains("the next host's drain may begin") == true)
        #expect(scene.core.hostStatus("h1")?.reason?.contains("when its turn comes") == true)
        uncordon(&scene, "h2")
        #expect(states(scene) == [.draining, .active, .active])
        #expect(scene.core.hostStatus("h1")?.drainDeadline == scene.now + .seconds(60))
        #expect(scene.wait(.seconds(60)).contains(.remove("a", epoch: 1, host: "h1")))
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(states(scene) == [.drained, .active, .active])
        uncordon(&scene, "h1")
        #expect(states(scene) == [.active, .active, .drained])
        uncordon(&scene, "h3")
        #expect(scene.core.rolling == nil)
        #expect(scene.changes.contains(.rollingDrain(nil)))
    }

    @Test("So many at a time as may be out of service; all at once if that is all of them")
    func several() {
        var scene = ready(4)
        roll(&scene, ["h1", "h2", "h3", "h4"], max: 2)
        #expect(states(scene) == [.drained, .drained, .active, .active])
        uncordon(&scene, "h2")
        #expect(states(scene) == [.drained, .active, .drained, .active])
        var other = ready(2)
        roll(&other, ["h1", "h2"], max: 5)
        #expect(states(other) == [.drained, .drained])
    }

    @Test("A host that does not answer is one that is out of service, and holds up the others until it is back")
    func unreachable() {
        var scene = ready()
        scene.away("h3")
        roll(&scene, ["h1", "h2", "h3"])
        // h3 is out of service already, so only its own drain can begin.
        #expect(states(scene) == [.active, .active, .drained])
        uncordon(&scene, "h3")
        #expect(states(scene) == [.drained, .active, .unreachable])

        var other = ready(2)
        roll(&other, ["h1", "h2"])
        other.away("h2")
        uncordon(&other, "h1")
        #expect(states(other) == [.active, .drained])
    }

    @Test("A host that is silent for a moment is not out of service")
    func flapping() {
        var scene = ready()
        scene.silent("h2")
        roll(&scene, ["h1", "h2", "h3"])
        #expect(states(scene) == [.drained, .active, .active])
        uncordon(&scene, "h1")
        #expect(scene.core.rolling?.phase(of: "h2") == .begun)
    }

    @Test("Cordoned members are out of service already: all of them are drained, and nobody else until they are back")
    func cordoned() {
        var scene = ready()
        for host in ["h2", "h3"] { scene.send(.cordon(host: host, request: scene.request())) }
        roll(&scene, ["h1", "h2", "h3"])
        #expect(states(scene) == [.active, .drained, .drained])
        uncordon(&scene, "h2")
        #expect(states(scene) == [.active, .active, .drained])
        uncordon(&scene, "h3")
        #expect(states(scene) == [.drained, .active, .active])
    }

    @Test("A host that is uncordoned before its turn, or removed from the configuration, is left out")
    func leftOut() {
        var scene = ready()
        roll(&scene, ["h1", "h2", "h3"])
        uncordon(&scene, "h2")
        uncordon(&scene, "h1")
        #expect(states(scene) == [.active, .active, .drained])
        scene.send(.configure(labs: [.python], hosts: [.small("h1"), .small("h2")]))
        #expect(scene.core.rolling == nil)
    }

    @Test("Where one that does not answer is left out, the next one's turn comes at once")
    func leftOutUnreachable() {
        var scene = ready()
        scene.away("h1")
        scene.away("h2")
        roll(&scene, ["h1", "h2", "h3"])
        #expect(states(scene) == [.unreachable, .unreachable, .active])
        uncordon(&scene, "h1")
        #expect(scene.core.rolling?.phase(of: "h2") == .begun)
        #expect(scene.core.violations(at: scene.now).isEmpty)
    }

    @Test("It goes on after a restart, and begins nothing before the hosts have answered")
    func restart() {
        var scene = Scene()
        let rolling = RollingDrain(
            members: [
                RollingDrain.Member(host: "h1", phase: .done), RollingDrain.Member(host: "h2", phase: .begun),
                RollingDrain.Member(host: "h3", phase: .waiting),
            ], maximumUnavailable: 1, span: .seconds(60))
        _ = scene.core.restore(
            sessions: [], duties: ["h2": .drained], homes: [], hosts: StoredHosts(rollingDrain: rolling), at: scene.now)
        scene.send(.configure(labs: [.python], hosts: [.small("h1"), .small("h2"), .small("h3")]))
        uncordon(&scene, "h2")
        #expect(scene.core.rolling?.phase(of: "h3") == .waiting)
        scene.listed("h3")
        #expect(scene.core.hostStatus("h3")?.state == .drained)

        var other = Scene()
        var waiting = rolling
        waiting.members = ["h1", "h2", "h3"].map { RollingDrain.Member(host: $0, phase: .waiting) }
        _ = other.core.restore(
            sessions: [], duties: [:], homes: [], hosts: StoredHosts(rollingDrain: waiting), at: other.now)
        other.send(.configure(labs: [.python], hosts: [.small("h1"), .small("h2"), .small("h3")]))
        #expect(other.core.rolling == waiting)
        for host in ["h1", "h2"] { other.listed(host) }
        #expect(other.core.rolling == waiting)
        other.listed("h3")
        #expect(states(other) == [.drained, .active, .active])
    }

    @Test("A member that left the configuration while nobody decided is left out", arguments: [true, false])
    func leftDuringRestart(configuredFirst: Bool) {
        var scene = Scene()
        let rolling = RollingDrain(
            members: [RollingDrain.Member(host: "h2", phase: .begun)], maximumUnavailable: 1, span: .seconds(60))
        if configuredFirst {
            scene.send(.configure(labs: [.python], hosts: []))
            scene.core.confirm()
        }
        _ = scene.core.restore(
            sessions: [], duties: ["h2": .drained], homes: [], hosts: StoredHosts(rollingDrain: rolling), at: scene.now)
        scene.send(.tick)
        if !configuredFirst {
            #expect(scene.core.rolling == rolling)
            scene.send(.configure(labs: [.python], hosts: []))
        }
        #expect(scene.core.rolling == nil)
        #expect(scene.core.violations(at: scene.now) == [])
    }

    @Test("An invalid rolling drain is refused, and so is a second one while the first is under way")
    func refused() {
        var scene = ready()
        #expect(roll(&scene, ["h1", "h9"]) == [.answer(scene.lastRequest, .refused(.unknownHost("h9")))])
        for (hosts, max) in [([], 1), (["h1", "h1"], 1), (["h1"], 0)] as [([String], Int)] {
            #expect(refusal(roll(&scene, hosts, max: max))?.contains("each once") == true)
        }
        scene.away("h3")
        scene.declareLost("h3")
        #expect(refusal(roll(&scene, ["h1", "h3"]))?.contains("h3 is lost") == true)
        roll(&scene, ["h1", "h2"])
        #expect(refusal(roll(&scene, ["h2"]))?.contains("under way (h1, h2)") == true)
    }

    @Test("A host that drains already keeps its deadline and counts")
    func begun() {
        var scene = ready()
        scene.run("a")
        scene.send(.drain(host: "h1", deadline: scene.now + .seconds(900), request: scene.request()))
        roll(&scene, ["h1", "h2"])
        #expect(scene.core.hostStatus("h1")?.drainDeadline == scene.now + .seconds(900))
        #expect(states(scene) == [.draining, .active, .active])
    }
}
