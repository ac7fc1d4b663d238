import Testing
import Words

@testable import BrokerCore

@Suite("Keep it, and extensions")
struct KeepingTests {
    private func scene(lifetime: Duration = .seconds(36_000)) -> Scene {
        var lab = Lab.of("lab", .http, idle: .seconds(600), lifetime: lifetime)
        lab.idleWarning = .seconds(120)
        var scene = Scene.ready(labs: [lab])
        scene.run("a", lab: "lab")
        return scene
    }

    private func refusal(_ actions: [Action]) -> Refusal? {
        for case .answer(_, .refused(let refusal)) in actions { return refusal }
        return nil
    }

    // MARK: Keep it

    @Test("Keep it counts as activity: the warning is gone and the idle timeout begins anew")
    func keep() {
        var scene = scene()
        scene.wait(.seconds(590))
        #expect(scene.keep("a") == [.answer(scene.lastRequest, .session("a")), .changed("a")])
        #expect(scene.core.idleEndsAt("a") == scene.now + .seconds(600))
        #expect(scene.core.ends(of: "a", at: scene.now).allSatisfy { !$0.isWarned })
        #expect(scene.storedSessions.last?.stay.source == .keep)
        #expect(scene.stories.first?.reason.hasPrefix("Kept by its learner, 1 of 4 times in a row") == true)
    }

    @Test("Keep it is pressed so often in a row at the most; anything else that happens makes it count from nothing")
    func keepLimit() {
        var scene = scene()
        for _ in 1...Limits.keepsInARow {
            scene.wait(.seconds(500))
            #expect(refusal(scene.keep("a")) == nil)
        }
        scene.wait(.seconds(500))
        guard case .limit(.keepsInARow) = refusal(scene.keep("a")) else { return #expect(Bool(false), "kept for ever") }
        #expect(Refusal.limit(.keepsInARow).message.contains("4 times"))
        #expect(scene.core.idleEndsAt("a") == scene.now + .seconds(100))
        scene.send(.activity(["a": scene.now]))
        #expect(scene.storedSessions.last?.stay.keeps == 0)
        scene.wait(.seconds(500))
        #expect(refusal(scene.keep("a")) == nil)
        #expect(scene.core.session("a")?.stay.keeps == 1)
    }

    @Test("A second click shortly after the first is the same wish")
    func doubleClick() {
        var scene = scene()
        scene.wait(.seconds(500))
        scene.keep("a")
        scene.now = scene.now + .seconds(2)
        #expect(scene.keep("a") == [.answer(scene.lastRequest, .session("a"))])
        #expect(scene.core.session("a")?.stay.keeps == 1)
    }

    @Test("Keep it never goes beyond the lifetime, and what does not run cannot be kept")
    func keepBounds() {
        var scene = scene(lifetime: .seconds(700))
        scene.wait(.seconds(500))
        scene.keep("a")
        scene.wait(.seconds(200))
        #expect(scene.state("a") == .ending(host: "h1", reason: .lifetime(limitSeconds: 700), since: scene.now))
        guard case .notNow = refusal(scene.keep("a")) else { return #expect(Bool(false), "kept while ending") }
        #expect(refusal(scene.keep("zz")) == .unknownSession("zz"))
    }

    @Test("Keep it while the lab is being asked: its answer ends nothing")
    func keepWhileAsked() {
        var scene = Scene.ready(labs: [.of("lab", .jupyter, idle: .seconds(600))])
        scene.run("a", lab: "lab")
        #expect(scene.wait(.seconds(600)) == [.askLab("a", epoch: 1, .of("a"))])
        scene.keep("a")
        #expect(scene.send(.labReported("a", epoch: 1, .quiet(lastActivity: nil))) == [])
        #expect(scene.core.nextDeadline == scene.now + .seconds(600))
    }

    // MARK: Extensions

    @Test("An extension moves both ends, is on disk before it is answered, and its story says by whom and why")
    func extend() {
        var scene = scene(lifetime: .seconds(3600))
        let start = scene.now
        scene.wait(.seconds(100))
        let actions = scene.extend("a", by: .seconds(7200), note: "exam")
        #expect(actions == [.answer(scene.lastRequest, .session("a")), .changed("a")])
        #expect(scene.core.lifetimeEndsAt("a") == start + .seconds(10_800))
        #expect(scene.core.idleEndsAt("a") == start + .seconds(7800))
        #expect(scene.storedSessions.last?.stay.extended == .seconds(7200))
        let words = scene.stories.first?.reason ?? ""
        #expect(words == "Extended by 2 h by ada. exam. In any case it ends in 2 h 58 min.")
        // Without activity, it ends at the extended idle end, before the extended lifetime.
        scene.wait(.seconds(7699))
        #expect(scene.state("a")?.name == "running")
        scene.wait(.seconds(1))
        #expect(scene.state("a")?.name == "ending")
    }

    @Test("Extensions of one run add up to so much at the most, and nothing changes when one is refused")
    func extensionLimit() {
        var scene = scene()
        #expect(refusal(scene.extend("a", by: Limits.extensionMaximum - .seconds(60))) == nil)
        let before = scene.core.session("a")
        for tooMuch in [Duration.seconds(61), .zero, .seconds(-5)] {
            guard case .limit = refusal(scene.extend("a", by: tooMuch)) else {
                Issue.record("extended by \(tooMuch)")
                continue
            }
        }
        #expect(scene.core.session("a") == before)
        #expect(refusal(scene.extend("a", by: .seconds(60))) == nil)
        #expect(refusal(scene.extend("a", by: .seconds(1)))?.message.contains("which is the limit") == true)
    }

    @Test("An extended lifetime that ends says its whole length; the next run begins without extension")
    func nextRun() {
        var scene = scene(lifetime: .seconds(600))
        scene.extend("a", by: .seconds(300))
        for _ in 1...9 {
            scene.send(.activity(["a": scene.now]))
            scene.wait(.seconds(100))
        }
        #expect(scene.state("a") == .ending(host: "h1", reason: .lifetime(limitSeconds: 900), since: scene.now))
        scene.restart("a")
        #expect(scene.core.session("a")?.stay == Stay())
        guard case .notNow = refusal(scene.extend("a", by: .seconds(1))) else {
            return #expect(Bool(false), "extended in the queue")
        }
    }

    @Test("An extension does not move a drain's deadline")
    func drain() {
        var scene = scene()
        scene.extend("a", by: .seconds(7200))
        scene.send(.drain(host: "h1", deadline: scene.now + .seconds(60), request: scene.request()))
        #expect(scene.core.ends(of: "a", at: scene.now).first?.cause == .drain)
        #expect(scene.core.ends(of: "a", at: scene.now).first?.isWarned == true)
        scene.wait(.seconds(60))
        #expect(scene.state("a") == .ending(host: "h1", reason: .drain(host: "h1"), since: scene.now))
    }

    @Test("A restart of the broker forgets neither extension nor how often it was kept")
    func restart() {
        var scene = scene()
        scene.wait(.seconds(500))
        scene.keep("a")
        scene.extend("a", by: .seconds(7200))
        let stored = scene.storedSessions.last!
        var later = Scene()
        later.now = scene.now
        _ = later.core.restore(sessions: [stored], duties: [:], homes: [], at: later.now)
        later.send(.configure(labs: [scene.core.lab("lab")!], hosts: [.small("h1")]))
        later.listed("h1", [.running("a")])
        #expect(later.core.session("a")?.stay.keeps == 1)
        #expect(later.core.lifetimeEndsAt("a") == scene.core.lifetimeEndsAt("a"))
        #expect(later.core.idleEndsAt("a") == scene.core.idleEndsAt("a"))
    }
}
