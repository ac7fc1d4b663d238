import Testing

@testable import BrokerCore

@Suite("The warning before the end")
struct WarningTests {
    private func scene(
        _ kind: LabKind, idle: Duration = .seconds(600), lifetime: Duration = .seconds(36_000),
        warning: Duration = .seconds(120)
    ) -> Scene {
        var lab = Lab.of("lab", kind, idle: idle, lifetime: lifetime)
        lab.idleWarning = warning
        var scene = Scene.ready(labs: [lab])
        scene.run("a", lab: "lab")
        return scene
    }

    private func warned(_ scene: Scene) -> Set<EndReason.Cause> {
        Set(scene.core.ends(of: "a", at: scene.now).filter(\.isWarned).map(\.cause))
    }

    @Test("A lab without kernels: the learner is warned, then it ends when it was said to")
    func meterAlone() {
        var scene = scene(.rstudio)
        #expect(scene.wait(.seconds(479)) == [])
        #expect(warned(scene) == [])
        #expect(scene.wait(.seconds(1)) == [.changed("a")])
        #expect(warned(scene) == [.idle])
        #expect(scene.stories.map(\.state) == ["note"])
        #expect(scene.stories.first?.reason == "Without activity it ends in 2 min: the learner is warned.")
        #expect(scene.wait(.seconds(119)) == [])
        #expect(scene.wait(.seconds(1)).contains(.remove("a", epoch: 1, host: "h1")))
    }

    @Test("Without a warning in the catalogue nobody is warned")
    func none() {
        var scene = scene(.rstudio, warning: .zero)
        #expect(scene.wait(.seconds(599)) == [])
        #expect(warned(scene) == [])
        #expect(scene.wait(.seconds(1)).contains(.remove("a", epoch: 1, host: "h1")))
        #expect(scene.stories.map(\.state) == ["ending"])
    }

    @Test("Activity takes the warning back, watchers see it at once, and the next one comes in its time")
    func takenBack() {
        var scene = scene(.http)
        scene.wait(.seconds(500))
        #expect(warned(scene) == [.idle])
        #expect(scene.send(.activity(["a": scene.now])) == [.changed("a")])
        #expect(warned(scene) == [])
        #expect(scene.wait(.seconds(479)) == [])
        #expect(scene.wait(.seconds(1)) == [.changed("a")])
    }

    @Test("A JupyterLab is asked before its learner is warned: nobody is warned while a kernel is busy")
    func askedFirst() {
        var scene = scene(.jupyter)
        #expect(scene.wait(.seconds(480)) == [.askLab("a", epoch: 1, .of("a"))])
        scene.send(.labReported("a", epoch: 1, .busy))
        #expect(warned(scene) == [])
        #expect(scene.core.session("a")?.stay.source == .busyKernel)
        #expect(scene.wait(Limits.busyRecheckDelay) == [.askLab("a", epoch: 1, .of("a"))])
        let stopped = scene.now - .seconds(10)
        scene.send(.labReported("a", epoch: 1, .quiet(lastActivity: stopped)))
        #expect(warned(scene) == [])
        #expect(scene.wait(.seconds(460)) == [])
        #expect(scene.wait(.seconds(10)) == [.askLab("a", epoch: 1, .of("a"))])
        #expect(scene.send(.labReported("a", epoch: 1, .quiet(lastActivity: stopped))) == [.changed("a")])
        #expect(warned(scene) == [.idle])
        // The lab is asked once more before it ends.
        #expect(scene.wait(.seconds(120)) == [.askLab("a", epoch: 1, .of("a"))])
        #expect(
            scene.send(.labReported("a", epoch: 1, .quiet(lastActivity: stopped)))
                .contains(.remove("a", epoch: 1, host: "h1")))
    }

    @Test("A JupyterLab that does not answer: its learner is warned all the same, and it ends when it was said to")
    func noAnswer() {
        var scene = scene(.jupyter)
        scene.wait(.seconds(480))
        #expect(scene.wait(Limits.labReportTimeout) == [.changed("a")])
        #expect(warned(scene) == [.idle])
        #expect(scene.wait(.seconds(120) - Limits.labReportTimeout) == [.askLab("a", epoch: 1, .of("a"))])
        #expect(scene.wait(Limits.labReportTimeout).contains(.remove("a", epoch: 1, host: "h1")))
    }

    @Test("Before the end of the lifetime the learner is warned too, whatever they do, and once")
    func lifetime() {
        var scene = scene(.http, lifetime: .seconds(1000))
        scene.wait(.seconds(500))
        scene.send(.activity(["a": scene.now]))
        #expect(scene.wait(.seconds(379)) == [])
        #expect(scene.wait(.seconds(1)) == [.changed("a")])
        #expect(warned(scene) == [.lifetime])
        #expect(scene.stories.first?.reason == "It reaches its maximum lifetime in 2 min: the learner is warned.")
        scene.send(.activity(["a": scene.now]))
        #expect(scene.wait(.seconds(119)) == [])
        scene.wait(.seconds(1))
        #expect(scene.state("a")?.name == "ending")
    }

    @Test("While the host does not answer only the lifetime's warning comes; the idle one follows its return")
    func unreachable() {
        var scene = scene(.http, lifetime: .seconds(5000))
        scene.silent("h1")
        #expect(scene.wait(Limits.silenceGrace) == [.changed("a")], "its learner sees that it is out of reach")
        #expect(warned(scene) == [])
        #expect(scene.wait(.seconds(4879) - Limits.silenceGrace) == [])
        #expect(scene.wait(.seconds(1)) == [.changed("a")])
        #expect(warned(scene) == [.lifetime])
        scene.listed("h1", [.running("a")])
        scene.wait(.zero)
        #expect(warned(scene) == [.lifetime, .idle])
    }

    /// A scene with an idle timeout of an hour and ten idle minutes, when the timeout is reduced to five minutes.
    private func shortened(
        _ change: (inout Lab) -> Void, after time: Duration = .seconds(600), warning: Duration = .seconds(120)
    ) -> Scene {
        var scene = scene(.http, idle: .seconds(3600), lifetime: .seconds(7200), warning: warning)
        scene.wait(time)
        var lab = scene.core.lab("lab")!
        change(&lab)
        scene.send(.configure(labs: [lab], hosts: [.small("h1")]))
        return scene
    }

    @Test("A configuration with a shorter idle timeout gives who is over it the time of the warning, and says so")
    func shorterTimeout() {
        var scene = shortened { $0.idleTimeout = .seconds(300) }
        scene.wait(.zero)
        #expect(warned(scene) == [.idle])
        #expect(
            scene.core.ends(of: "a", at: scene.now).first?.basis.text.hasPrefix("The configuration gives it less")
                == true)
        #expect(
            scene.core.explain(scene.core.session("a")!, story: [], at: scene.now).summary
                == "It is alive because its learner is warned before a shorter timeout counts; it ends in 2 min, "
                + "if nothing happens in it.")
        #expect(scene.wait(.seconds(119)) == [])
        #expect(scene.wait(.seconds(1)).contains(.remove("a", epoch: 1, host: "h1")))
        // With new activity, the new timeout counts from there.
        scene = shortened { $0.idleTimeout = .seconds(300) }
        scene.send(.activity(["a": scene.now]))
        #expect(scene.wait(.seconds(299)).allSatisfy { $0 == .changed("a") })
        #expect(scene.wait(.seconds(1)).contains(.remove("a", epoch: 1, host: "h1")))
    }

    @Test("A configuration with a shorter lifetime does, too, and says so")
    func shorterLifetime() {
        var scene = shortened { $0.maximumLifetime = .seconds(300) }
        scene.wait(.zero)
        #expect(warned(scene) == [.lifetime])
        #expect(scene.core.ends(of: "a", at: scene.now).first?.basis.text.contains("warned first") == true)
        scene.send(.activity(["a": scene.now]))
        #expect(scene.wait(.seconds(119)) == [])
        scene.wait(.seconds(1))
        #expect(scene.state("a") == .ending(host: "h1", reason: .lifetime(limitSeconds: 300), since: scene.now))
    }

    @Test("A shorter timeout does not prolong: not for who was warned already, and not without a warning")
    func noProlonging() {
        var scene = shortened({ $0.idleTimeout = .seconds(300) }, after: .seconds(3550))
        #expect(warned(scene) == [.idle])
        #expect(scene.wait(.seconds(49)) == [])
        #expect(scene.wait(.seconds(1)).contains(.remove("a", epoch: 1, host: "h1")))
        scene = shortened({ $0.idleTimeout = .seconds(300) }, warning: .zero)
        #expect(scene.wait(.zero).contains(.remove("a", epoch: 1, host: "h1")))
        // Reading the configuration repeatedly does not postpone the end.
        scene = shortened { $0.idleTimeout = .seconds(300) }
        let end = scene.now + .seconds(120)
        scene.wait(.seconds(60))
        scene.send(.configure(labs: [scene.core.lab("lab")!], hosts: [.small("h1")]))
        #expect(scene.core.ends(of: "a", at: scene.now).first?.at == end)
    }

    @Test("A commit that fails takes the warning back with it, and it comes again")
    func rollback() {
        var scene = scene(.http)
        scene.commits = false
        scene.wait(.seconds(480))
        #expect(warned(scene) == [.idle])
        scene.core.rollback()
        #expect(warned(scene) == [])
        scene.commits = true
        #expect(scene.wait(.zero) == [.changed("a")])
        #expect(warned(scene) == [.idle])
    }
}
