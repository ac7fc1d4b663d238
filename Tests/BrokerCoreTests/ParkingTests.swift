import Testing
import Words

@testable import BrokerCore

extension Lab {
    /// A lab whose sessions are idle after ten minutes, and are then parked for an hour.
    static func parking(_ kind: LabKind = .http) -> Lab {
        var lab = of("lab", kind)
        lab.idleWarning = .seconds(120)
        lab.parksFor = .seconds(3600)
        return lab
    }
}

@Suite("Parking")
struct ParkingTests {
    private func scene(_ lab: Lab = .parking(), slots: Int = 1) -> Scene {
        var scene = Scene.ready(hosts: [.small("h1", slots: slots)], labs: [lab])
        scene.run("a", lab: "lab")
        return scene
    }

    private func parked() -> Scene {
        var scene = scene()
        scene.wait(.seconds(600))
        scene.send(.containerRemoved("a", epoch: 1))
        return scene
    }

    @Test("An idle lab is parked after its warning: first the route and the container go, then the seat is free")
    func idle() {
        var scene = scene()
        #expect(scene.wait(.seconds(480)) == [.changed("a")])
        #expect(scene.stories.first?.reason == "Without activity it is parked in 2 min: the learner is warned.")
        let actions = scene.wait(.seconds(120))
        #expect(actions == [.withdrawRoute("a"), .remove("a", epoch: 1, host: "h1"), .changed("a")])
        #expect(scene.state("a") == .parking(host: "h1", reason: .idle(timeoutSeconds: 600), since: scene.now))
        #expect(scene.core.hostStatus("h1")?.seats == 1)
        #expect(scene.stories.first?.reason.contains("Parked because nothing happened in it for 10 min.") == true)
        #expect(scene.stories.first?.reason.contains("The edge saw nothing since that counts.") == true)

        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.state("a") == .parked(reason: .idle(timeoutSeconds: 600), since: scene.now))
        #expect(scene.core.hostStatus("h1")?.seats == 0)
        #expect(scene.toldStates == ["parked"])
        scene.launch("b", learner: "bob", lab: "lab")
        #expect(scene.host("b") == "h1")
    }

    @Test("A lab whose files go with its container, or that does not park, ends for idleness as ever")
    func never() {
        var files = Lab.parking()
        files.files = .none
        var none = Lab.parking()
        none.parksFor = .zero
        for lab in [files, none] {
            var scene = scene(lab)
            scene.wait(.seconds(480))
            #expect(scene.stories.first?.reason == "Without activity it ends in 2 min: the learner is warned.")
            scene.wait(.seconds(120))
            #expect(scene.state("a")?.name == "ending")
            #expect(scene.core.parksFor("a") == nil)
        }
    }

    @Test("A visit resumes it: back in the queue with a new run, and told so; then it lives as long as ever")
    func visit() {
        var scene = parked()
        scene.wait(.seconds(1800))
        let actions = scene.send(.resume("a", request: scene.request()))
        #expect(actions.first == .start("a", epoch: 2, host: "h1"))
        #expect(actions.contains(.answer(scene.lastRequest, .session("a"))))
        #expect(scene.stories.first?.reason == "Resumed; waiting for a seat.")
        #expect(scene.toldStates == ["queued", "starting"])
        scene.ready("a", epoch: 2)
        #expect(scene.core.lifetimeEndsAt("a") == scene.now + .seconds(36_000))
        #expect(scene.core.session("a")?.stay == Stay(source: .ready))
    }

    @Test("Where all seats are taken a visit waits in the queue and is never refused")
    func queued() {
        var scene = parked()
        scene.run("b", learner: "bob", lab: "lab")
        let actions = scene.send(.resume("a", request: scene.request()))
        #expect(actions.contains(.answer(scene.lastRequest, .session("a"))))
        #expect(scene.core.queuePosition(of: "a") == 1)
        scene.end("b")
        scene.send(.containerRemoved("b", epoch: 1))
        #expect(scene.host("a") == "h1")
    }

    @Test("A visit or a launch while the container is still being stopped waits for that, and begins a new run")
    func visitWhileParking() {
        for isLaunch in [false, true] {
            var scene = scene(slots: 2)
            scene.wait(.seconds(600))
            if isLaunch {
                scene.launch("zz", learner: "a", lab: "lab")
            } else {
                scene.send(.resume("a", request: scene.request()))
            }
            #expect(scene.state("a") == .queued(since: scene.now))
            #expect(scene.core.session("a")?.epoch == 2)
            scene.send(.containerRemoved("a", epoch: 1))
            #expect(scene.host("a") == "h1")
        }
    }

    @Test("A launch and Start again resume it, too; a visit to what has ended, or runs, changes nothing")
    func otherWays() {
        var scene = parked()
        scene.launch("zz", learner: "a", lab: "lab")
        #expect(scene.state("a")?.name == "starting")
        #expect(scene.stories.first?.reason == "Resumed; waiting for a seat.")
        #expect(scene.send(.resume("a", request: scene.request())) == [.answer(scene.lastRequest, .session("a"))])

        scene = parked()
        scene.restart("a")
        #expect(scene.state("a")?.name == "starting")

        scene.end("a")
        let ended = scene.core.session("a")!
        scene.send(.containerRemoved("a", epoch: 2))
        var over = ended
        over.state = .ended(reason: .learnerEnded, at: scene.now)
        over.charge = 0
        scene.core.adopt(over)
        #expect(scene.send(.resume("a", request: scene.request())) == [.answer(scene.lastRequest, .session("a"))])
        #expect(scene.core.session("a") == nil)
    }

    @Test("Nobody comes back: it ends when its time is over, with the reason, and not before")
    func tooLong() {
        var scene = parked()
        #expect(scene.core.parkedUntil("a") == scene.now + .seconds(3600))
        #expect(scene.wait(.seconds(3599)) == [])
        #expect(scene.wait(.seconds(1)) == [.changed("a")])
        #expect(scene.toldStates == ["ended"])
        #expect(
            scene.stories.last?.reason
                == "Ended because it was parked for 60 min and nobody came back to it. Your files are kept.")
        #expect(scene.core.session("a") == nil)
    }

    @Test("It can be ended while it is parked, and while it is being parked")
    func ended() {
        var scene = parked()
        scene.end("a", .operatorEnded(note: "enough"))
        #expect(scene.storedSessions.last?.state == .ended(reason: .operatorEnded(note: "enough"), at: scene.now))
        scene = self.scene()
        scene.wait(.seconds(600))
        scene.end("a")
        #expect(scene.state("a") == .ending(host: "h1", reason: .learnerEnded, since: scene.now))
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.storedSessions.last?.state == .ended(reason: .learnerEnded, at: scene.now))
    }

    @Test("An operator parks a running lab; any other is refused with what to do instead, and twice is once")
    func operators() {
        var scene = scene()
        func park(_ id: SessionID) -> Answer? {
            scene.answer(to: .park(id, note: "exam", request: scene.request()))
        }
        #expect(park("a") == .session("a"))
        #expect(scene.state("a") == .parking(host: "h1", reason: .operatorParked(note: "exam"), since: scene.now))
        #expect(scene.stories.first?.reason == "Parked by an operator: exam. Your files are kept.")
        #expect(park("a") == .session("a"))
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(park("a") == .session("a"))
        #expect(park("nobody") == .refused(.unknownSession("nobody")))
        scene.run("b", learner: "bob", lab: "lab")
        scene.launch("c", learner: "cas", lab: "lab")
        #expect(park("c") == .refused(.notNow(.notRunningToPark("c", .queued))))
        scene.send(.configure(labs: [.of("lab", .http)], hosts: [.small("h1", slots: 1)]))
        let refusal = Refusal.notNow(.cannotPark("b", .labDoesNotPark(lab: "lab")))
        #expect(park("b") == .refused(refusal))
        let words = refusal.message
        #expect(words.contains("has no parks_for") && words.contains("carrel session end b"))
    }

    @Test("So many are parked at most: who would be beyond ends for idleness, and an operator is told")
    func limit() {
        var scene = scene(slots: 2)
        scene.core.parkingPlaces = 1
        scene.run("b", learner: "bob", lab: "lab")
        _ = scene.answer(to: .park("a", note: "", request: scene.request()))
        scene.send(.containerRemoved("a", epoch: 1))
        let answer = scene.answer(to: .park("b", note: "", request: scene.request()))
        let refusal = Refusal.notNow(.cannotPark("b", .noPlace(places: 1)))
        #expect(answer == .refused(refusal))
        #expect(refusal.message.contains("1 sessions are parked already, which is the limit"))
        scene.wait(.seconds(600))
        #expect(scene.state("b")?.name == "ending")
        #expect(Limits.parkedSessions == BrokerCore(sharedHomes: true).parkingPlaces)
    }
}
