import Testing
import Words

@testable import BrokerCore

@Suite("Labs that ask for labels")
struct RequirementTests {
    private static var cuda: Lab {
        var lab = Lab.of("cuda")
        lab.requires = ["gpu": "true"]
        return lab
    }

    private static func host(_ name: String, _ labels: [String: String], slots: Int = 4) -> HostSpec {
        var host = HostSpec.small(name, slots: slots)
        host.labels = labels
        return host
    }

    private func label(_ scene: inout Scene, _ host: String, _ labels: [String: String]) -> [Action] {
        scene.send(
            .adjustHost(host: host, HostAdjustment(labels: labels), startingOver: false, request: scene.request()))
    }

    private func refusal(_ actions: [Action]) -> String? {
        for case .answer(_, .refused(let refusal)) in actions { return refusal.message }
        return nil
    }

    @Test("are placed only on hosts that have them, with that value, however empty others are")
    func placed() {
        var scene = Scene.ready(
            hosts: [
                Self.host("h1", [:]), Self.host("h2", ["gpu": "no"]), Self.host("h3", ["gpu": "true", "disk": "ssd"]),
            ],
            labs: [.python, Self.cuda])
        for id: SessionID in ["a", "b", "c"] { scene.run(id, lab: "cuda") }
        #expect(["a", "b", "c"].map { scene.host($0) } == ["h3", "h3", "h3"])
        scene.run("d")
        #expect(scene.host("d") == "h1")
    }

    @Test("wait where the hosts that have them are full, and hold up nobody else")
    func waiting() {
        var scene = Scene.ready(
            hosts: [Self.host("h1", [:]), Self.host("h2", ["gpu": "true"], slots: 1)], labs: [.python, Self.cuda])
        scene.run("a", lab: "cuda")
        scene.launch("b", lab: "cuda")
        scene.launch("c")
        #expect(scene.state("b")?.name == "queued")
        #expect(scene.host("c") == "h1")
        #expect(scene.core.explanation(of: "b", at: scene.now)?.contains("all of them are taken") == true)
        #expect(scene.core.estimate(of: "b", at: scene.now) == nil)
        #expect(label(&scene, "h1", ["gpu": "true"]).contains(.start("b", epoch: 1, host: "h1")))
    }

    @Test("are refused at once where no host could ever serve them, with the labels that are missing")
    func never() {
        var scene = Scene.ready(hosts: [Self.host("h1", [:])], labs: [.python, Self.cuda])
        #expect(
            refusal(scene.launch("a", lab: "cuda"))?.contains("asks for a host with gpu=true, and there is none")
                == true)
        _ = label(&scene, "h1", ["gpu": "true"])
        scene.launch("a", lab: "cuda")
        #expect(scene.host("a") == "h1")
        for id: SessionID in ["b", "c", "d", "e"] { scene.launch(id, lab: "cuda") }
        // Sessions that run or start there stay; those that wait for it fail with the reason.
        scene.send(
            .adjustHost(
                host: "h1", HostAdjustment(removedLabels: ["gpu"]), startingOver: false, request: scene.request()))
        #expect(scene.state("a")?.name == "starting")
        #expect(scene.storedSessions.map(\.id) == ["c", "d", "e"])
        #expect(scene.storedSessions.allSatisfy { $0.state.name == "failed" })
    }

    @Test("are refused where their learner's files are on a host without them")
    func bound() {
        var scene = Scene.ready(
            hosts: [Self.host("h1", [:]), Self.host("h2", ["gpu": "true"])], labs: [.python, Self.cuda],
            sharedHomes: false)
        scene.run("a", learner: "ann")
        #expect(scene.host("a") == "h1")
        let words = refusal(scene.launch("b", learner: "ann", lab: "cuda"))
        #expect(words?.contains("files are in a volume on the host h1, which has other labels") == true)
    }

    @Test("have seats reserved on hosts that have them only, and lose them with the label")
    func reserved() {
        var scene = Scene.ready(
            hosts: [Self.host("h1", [:]), Self.host("h2", ["gpu": "true"], slots: 4)], labs: [.python, Self.cuda])
        scene.send(
            .configure(
                labs: [.python, Self.cuda], hosts: [Self.host("h1", [:]), Self.host("h2", ["gpu": "true"])],
                freeFloorPercent: 0))
        func reserve(_ id: String, seats: Int) -> [Action] {
            scene.send(
                .reserve(
                    ReservationTerms(
                        lab: "school/cuda", seats: seats, from: scene.now + .seconds(3600),
                        to: scene.now + .seconds(7200), context: "101"), newID: ReservationID(rawValue: id),
                    request: scene.request()))
        }
        guard case .answer(_, .refused(.noSeats(let conflict)))? = reserve("r1", seats: 5).first else {
            Issue.record("more seats were promised than there are")
            return
        }
        #expect(conflict.free == 4)
        _ = reserve("r2", seats: 4)
        #expect(scene.core.reservation("r2")?.allocation == ["h2": 4])
        scene.send(
            .adjustHost(
                host: "h2", HostAdjustment(removedLabels: ["gpu"]), startingOver: false, request: scene.request()))
        #expect(scene.core.reservation("r2")?.missingSeats == 4)
        _ = label(&scene, "h1", ["gpu": "true"])
        #expect(scene.core.reservation("r2")?.allocation == ["h1": 4])
    }
}
