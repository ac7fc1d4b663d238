import Literals
import Testing

@testable import BrokerCore

@Suite("Idle and lifetime")
struct IdleTests {
    @Test("A lab whose kernels were last active in the year 9999 ends for idleness all the same")
    func activityAhead() {
        var scene = Scene.ready()
        scene.run("a")
        let actions = scene.wait(.seconds(600))
        #expect(actions.contains(.askLab("a", epoch: 1, .of("a"))))
        let future = Timestamp(milliseconds: 253_402_300_799_999)
        scene.send(.labReported("a", epoch: 1, .quiet(lastActivity: future)))
        #expect(scene.state("a") == .ending(host: "h1", reason: .idle(timeoutSeconds: 600), since: scene.now))
    }

    private func scene(_ lab: Lab, running id: SessionID = "a") -> Scene {
        var scene = Scene.ready(labs: [lab])
        scene.run(id, lab: lab.name)
        return scene
    }

    @Test("A lab without kernels ends by the edge's meter alone, an idle timeout after the last activity")
    func meterAlone() {
        for kind in [LabKind.rstudio, .http] {
            var scene = scene(.of("lab", kind, idle: .seconds(600)))
            #expect(scene.wait(.seconds(599)) == [])
            let actions = scene.wait(.seconds(1))
            #expect(actions == [.withdrawRoute("a"), .remove("a", epoch: 1, host: "h1"), .changed("a")])
            #expect(scene.state("a") == .ending(host: "h1", reason: .idle(timeoutSeconds: 600), since: scene.now))
            #expect(scene.stories.first?.reason.contains("10 min") == true)
        }
    }

    @Test("Activity moves the end, also when it is reported late; old and future news move nothing wrong")
    func activity() {
        var scene = scene(.of("lab", .http, idle: .seconds(600)))
        let start = scene.now
        scene.now = start + .seconds(500)
        scene.send(.activity(["a": start + .seconds(400)]))
        #expect(scene.core.idleEndsAt("a") == start + .seconds(1000))
        scene.send(.activity(["a": start + .seconds(300)]))
        #expect(scene.core.idleEndsAt("a") == start + .seconds(1000))
        scene.send(.activity(["a": start + .seconds(99_999)]))
        #expect(scene.core.idleEndsAt("a") == start + .seconds(1100))
        #expect(scene.core.nextDeadline == start + .seconds(1100))
    }

    @Test("Activity is written when it is much newer than what is on disk, not at every keystroke")
    func activityWrites() {
        var scene = scene(.of("lab", .http, idle: .seconds(600)))
        var writes = 0
        for _ in 1...120 {
            scene.now = scene.now + .seconds(1)
            scene.send(.activity(["a": scene.now]))
            writes += scene.changes.count
        }
        #expect(writes == 4)
        // With a short timeout, activity is written more often.
        var short = self.scene(.of("lab", .http, idle: .seconds(20)))
        short.now = short.now + .seconds(2)
        short.send(.activity(["a": short.now]))
        #expect(short.storedSessions.first?.lastActivityAt == short.now)
    }

    @Test("A JupyterLab that looks idle is asked first; a busy kernel counts as activity and is asked again soon")
    func busyKernel() {
        var scene = scene(.of("lab", .jupyter, idle: .seconds(600)))
        #expect(scene.wait(.seconds(600)) == [.askLab("a", epoch: 1, .of("a"))])
        scene.send(.labReported("a", epoch: 1, .busy))
        #expect(scene.core.session("a")?.lastActivityAt == scene.now)
        #expect(scene.core.nextDeadline == scene.now + Limits.busyRecheckDelay)
        #expect(scene.wait(Limits.busyRecheckDelay) == [.askLab("a", epoch: 1, .of("a"))])
        // It computes for an hour: it is asked repeatedly and never ended.
        for _ in 1...120 {
            scene.send(.labReported("a", epoch: 1, .busy))
            #expect(scene.wait(Limits.busyRecheckDelay) == [.askLab("a", epoch: 1, .of("a"))])
        }
        scene.send(.labReported("a", epoch: 1, .quiet(lastActivity: scene.now)))
        #expect(scene.core.nextDeadline == scene.now + .seconds(600))
    }

    @Test("A busy lab on a host that is gone is not asked again, and ends when it was foretold")
    func busyKernelOnGoneHost() {
        let lab = Lab.of("lab", .jupyter, idle: .seconds(600))
        var scene = scene(lab)
        scene.wait(.seconds(600))
        scene.send(.labReported("a", epoch: 1, .busy))
        let busy = scene.now
        func idleEnd(_ scene: Scene) -> Timestamp? {
            scene.core.foretoldEnds(of: "a").first { $0.cause == .idle }?.at
        }
        #expect(idleEnd(scene) == nil)
        scene.away("h1")
        #expect(idleEnd(scene) == nil)
        scene.send(.configure(labs: [lab], hosts: [], freeFloorPercent: 0))
        #expect(idleEnd(scene) == busy + .seconds(600))
        scene.wait(busy + .seconds(600) - scene.now - .milliseconds(1))
        #expect(scene.state("a")?.name == "running")
        scene.wait(.milliseconds(1))
        #expect(scene.stories.contains { $0.reason.contains("10 min") })
        #expect(scene.state("a")?.name != "running")
    }

    @Test("A quiet kernel ends the session, unless it stopped less than the idle timeout ago")
    func quietKernel() {
        var scene = scene(.of("lab", .jupyter, idle: .seconds(600)))
        scene.wait(.seconds(600))
        let stopped = scene.now - .seconds(100)
        #expect(
            scene.send(.labReported("a", epoch: 1, .quiet(lastActivity: stopped))).allSatisfy { $0 == .changed("a") })
        #expect(scene.core.idleEndsAt("a") == stopped + .seconds(600))
        #expect(scene.wait(.seconds(500)) == [.askLab("a", epoch: 1, .of("a"))])
        let actions = scene.send(.labReported("a", epoch: 1, .quiet(lastActivity: stopped)))
        #expect(actions.contains(.remove("a", epoch: 1, host: "h1")))
        #expect(scene.stories.first?.reason.contains("did not answer") == false)
    }

    @Test("A JupyterLab that cannot be asked, or does not answer in time, ends too, and the story says so")
    func noAnswer() {
        var told = scene(.of("lab", .jupyter, idle: .seconds(600)))
        told.wait(.seconds(600))
        #expect(told.send(.labReported("a", epoch: 1, .unknown)).contains(.remove("a", epoch: 1, host: "h1")))
        #expect(told.stories.first?.reason.contains("did not answer") == true)

        var silent = scene(.of("lab", .jupyter, idle: .seconds(600)))
        silent.wait(.seconds(600))
        #expect(silent.wait(Limits.labReportTimeout - .milliseconds(1)) == [])
        #expect(silent.wait(.milliseconds(1)).contains(.remove("a", epoch: 1, host: "h1")))
        #expect(silent.stories.first?.reason.contains("did not answer") == true)
    }

    @Test("A busy lab that gives no answer once is not idle yet: it is asked again when it looks so")
    func noAnswerFromBusy() {
        var scene = scene(.of("lab", .jupyter, idle: .seconds(600)))
        scene.wait(.seconds(600))
        scene.send(.labReported("a", epoch: 1, .busy))
        let busy = scene.now
        scene.wait(Limits.busyRecheckDelay)
        scene.send(.labReported("a", epoch: 1, .unknown))
        #expect(scene.state("a")?.name == "running")
        #expect(scene.core.nextDeadline == busy + .seconds(600))
        #expect(scene.wait(.seconds(570)) == [.askLab("a", epoch: 1, .of("a"))])
        scene.send(.labReported("a", epoch: 1, .busy))
        scene.wait(Limits.busyRecheckDelay)
        #expect(scene.wait(Limits.labReportTimeout) == [])
        #expect(scene.state("a")?.name == "running")
    }

    @Test("Activity while the lab is being asked keeps it, and a report that nobody asked for changes nothing")
    func activityWhileAsked() {
        var scene = scene(.of("lab", .jupyter, idle: .seconds(600)))
        #expect(scene.send(.labReported("a", epoch: 1, .unknown)) == [])
        scene.wait(.seconds(600))
        scene.send(.activity(["a": scene.now]))
        #expect(scene.send(.labReported("a", epoch: 1, .unknown)) == [])
        #expect(scene.core.nextDeadline == scene.now + .seconds(600))
    }

    @Test("A busy kernel counts also when its answer comes late")
    func lateAnswer() {
        var scene = scene(.of("lab", .jupyter, idle: .seconds(600)))
        scene.wait(.seconds(600))
        scene.send(.activity(["a": scene.now]))
        scene.now = scene.now + .seconds(10)
        scene.send(.labReported("a", epoch: 1, .busy))
        #expect(scene.core.nextDeadline == scene.now + .seconds(600))
    }

    @Test("The maximum lifetime ends a session, busy or not")
    func lifetime() {
        var scene = scene(.of("lab", .jupyter, idle: .seconds(600), lifetime: .seconds(3600)))
        #expect(scene.core.lifetimeEndsAt("a") == scene.now + .seconds(3600))
        for _ in 1...36 {
            scene.send(.activity(["a": scene.now]))
            #expect(scene.state("a")?.name == "running")
            scene.wait(.seconds(100))
        }
        #expect(scene.state("a") == .ending(host: "h1", reason: .lifetime(limitSeconds: 3600), since: scene.now))
        #expect(scene.stories.first?.reason.contains("60 min") == true)
    }

    @Test("While its host does not answer, no session ends for idleness; after the return there is a grace")
    func unreachableHost() {
        var scene = scene(.of("lab", .jupyter, idle: .seconds(600)))
        scene.away("h1")
        #expect(scene.wait(.seconds(5000)) == [])
        #expect(scene.state("a")?.name == "running")
        scene.listed("h1", [.running("a")])
        #expect(scene.core.nextDeadline == scene.now + Limits.returnGrace)
        #expect(scene.wait(Limits.returnGrace) == [.askLab("a", epoch: 1, .of("a"))])
    }

    @Test("A host that is lost while a lab is being asked ends nothing at its return")
    func lostWhileAsked() {
        var scene = scene(.of("lab", .jupyter, idle: .seconds(600)))
        scene.wait(.seconds(600))
        scene.away("h1")
        scene.now = scene.now + .seconds(60)
        scene.listed("h1", [.running("a")])
        #expect(scene.wait(.seconds(60)) == [])
        #expect(scene.state("a")?.name == "running")
    }

    @Test("Thousands of keystrokes leave one alarm per session")
    func alarmsAreBounded() {
        var scene = scene(.of("lab", .http, idle: .seconds(600)))
        for _ in 1...1000 {
            scene.now = scene.now + .milliseconds(100)
            scene.send(.activity(["a": scene.now]))
        }
        #expect(scene.core.alarms.count <= 2)
    }
}
