import Testing
import Words

@testable import BrokerCore

@Suite("Parking when things go wrong")
struct ParkingRecoveryTests {
    private let hosts: [HostSpec] = [.small("h1"), .small("h2")]

    private func scene(sharedHomes: Bool = true) -> Scene {
        var scene = Scene.ready(hosts: hosts, labs: [.parking()], sharedHomes: sharedHomes)
        scene.send(.cordon(host: "h2", request: scene.request()))
        scene.run("a", lab: "lab")
        scene.send(.uncordon(host: "h2", request: scene.request()))
        #expect(scene.host("a") == "h1")
        return scene
    }

    private func parked(sharedHomes: Bool = true) -> Scene {
        var scene = scene(sharedHomes: sharedHomes)
        scene.wait(.seconds(600))
        scene.send(.containerRemoved("a", epoch: 1))
        return scene
    }

    private func restored(_ session: Session, at now: Timestamp, labs: [Lab] = [.parking()]) -> Scene {
        var scene = Scene()
        scene.now = now
        _ = scene.core.restore(sessions: [session], duties: [:], homes: [], at: now)
        scene.send(.configure(labs: labs, hosts: hosts))
        return scene
    }

    @Test("Killed while it is parking, the broker goes on with it: the container goes, then it is parked")
    func restartWhileParking() {
        var before = scene()
        before.wait(.seconds(600))
        var scene = restored(before.core.session("a")!, at: before.now)
        #expect(scene.listed("h1", [.running("a")]) == [.remove("a", epoch: 1, host: "h1")])
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.state("a") == .parked(reason: .idle(timeoutSeconds: 600), since: scene.now))
    }

    @Test("A restart keeps what is parked, and for as long as it was to be; its old container would be an orphan")
    func restartWhileParked() {
        let before = parked()
        var scene = restored(before.core.session("a")!, at: before.now + .seconds(3000))
        #expect(scene.core.parkedUntil("a") == before.now + .seconds(3600))
        let actions = scene.listed("h1", [.running("a")])
        #expect(actions == [.removeOrphan(host: "h1", containerID: "container-a-1")])
        #expect(scene.wait(.seconds(599)) == [])
        scene.wait(.seconds(1))
        #expect(scene.toldStates == ["ended"])
    }

    @Test("A lab that is taken out ends its parked sessions; one that is kept for less time, sooner")
    func reconfigured() {
        var scene = parked()
        scene.send(.configure(labs: [.python], hosts: hosts))
        #expect(
            scene.storedSessions.last?.state == .ended(reason: .removed(what: "the lab lab"), at: scene.now))
        scene = parked()
        var shorter = Lab.parking()
        shorter.parksFor = .seconds(60)
        scene.send(.configure(labs: [shorter], hosts: hosts))
        scene.wait(.seconds(60))
        #expect(scene.storedSessions.last?.state == .ended(reason: .parked(seconds: 60), at: scene.now))
        // The same applies to a session that an earlier broker parked.
        scene = restored(parked().core.session("a")!, at: scene.now, labs: [.python])
        #expect(scene.core.session("a") == nil)
    }

    @Test("A removal that fails is tried again, and until it succeeds the seat is taken")
    func removalFails() {
        var scene = scene()
        scene.wait(.seconds(600))
        scene.send(.removeFailed("a", epoch: 1, message: "busy"))
        #expect(scene.wait(Limits.removeRetryDelay) == [.remove("a", epoch: 1, host: "h1")])
        #expect(scene.core.hostStatus("h1")?.seats == 1)
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.core.hostStatus("h1")?.seats == 0)
    }

    @Test("A commit that fails parks nobody, and resumes nobody")
    func rollback() {
        var scene = scene()
        scene.wait(.seconds(599))
        scene.commits = false
        scene.wait(.seconds(1))
        #expect(scene.state("a")?.name == "parking")
        scene.core.rollback()
        #expect(scene.state("a")?.name == "running")
        scene.commits = true
        scene.wait(.zero)
        scene.commits = false
        scene.send(.containerRemoved("a", epoch: 1))
        scene.core.rollback()
        #expect(scene.state("a")?.name == "parking")
        scene.commits = true
        scene.send(.containerRemoved("a", epoch: 1))
        scene.commits = false
        scene.send(.resume("a", request: scene.request()))
        scene.core.rollback()
        #expect(scene.state("a")?.name == "parked" && scene.core.violations(at: scene.now) == [])
    }

    @Test("A host that is lost while a lab is being parked there: with shared homes it is parked all the same")
    func lostWhileParking() {
        var scene = scene()
        scene.wait(.seconds(600))
        scene.away("h1")
        scene.declareLost("h1")
        #expect(scene.state("a")?.name == "parked")
        scene.send(.resume("a", request: scene.request()))
        #expect(scene.host("a") == "h2")
    }

    @Test("Where the home is a volume it comes back to its host only, and says so while that host is closed")
    func volume() {
        var scene = parked(sharedHomes: false)
        #expect(scene.core.parkedSessions(withHomesOn: "h1") == ["a"])
        scene.send(.drain(host: "h1", deadline: scene.now, request: scene.request()))
        // A drain neither disturbs a parked session nor waits for it.
        #expect(scene.core.hostStatus("h1")?.state == .drained)
        #expect(scene.state("a")?.name == "parked")
        let words = scene.core.explanation(of: "a", at: scene.now) ?? ""
        #expect(words.contains("Its files are on the host h1, which is drained"))
        scene.send(.resume("a", request: scene.request()))
        #expect(
            scene.core.explanation(of: "a", at: scene.now)
                == "Waiting: the files of this learner are on the host h1, which is closed for maintenance.")
        scene.send(.uncordon(host: "h1", request: scene.request()))
        #expect(scene.host("a") == "h1")
    }

    @Test(
        "Where the home is a volume and its host is lost, it ends and says so: nobody finds an empty home unasked")
    func volumeLost() {
        var scene = parked(sharedHomes: false)
        scene.away("h1")
        scene.declareLost("h1")
        #expect(scene.storedSessions.last?.state == .ended(reason: .lost(host: "h1"), at: scene.now))
        scene = self.scene(sharedHomes: false)
        scene.wait(.seconds(600))
        scene.away("h1")
        scene.declareLost("h1")
        #expect(scene.storedSessions.last?.state == .ended(reason: .lost(host: "h1"), at: scene.now))
        #expect(scene.toldStates.suffix(2) == ["parked", "ended"])
    }

    @Test("A reserved seat goes back to its cohort, and is its learner's again when they come back in time")
    func reserved() {
        var lab = Lab.short
        lab.parksFor = .seconds(3600)
        var scene = Scene.reserving(hosts: [.small("h1", slots: 2, starts: 4)], labs: [lab])
        scene.reserve("r1", seats: 2)
        scene.wait(.seconds(3000))
        for id: SessionID in ["a", "b"] {
            scene.launch(id, context: "course-1")
            scene.ready(id)
        }
        _ = scene.answer(to: .park("a", note: "", request: scene.request()))
        scene.send(.containerRemoved("a", epoch: 1))
        // The seat is held for the cohort: no other session gets it, and the cohort's learner does not wait behind
        // others.
        scene.launch("x", learner: "other")
        #expect(scene.state("x")?.name == "queued")
        scene.send(.resume("a", request: scene.request()))
        #expect(scene.host("a") == "h1" && scene.core.session("a")?.reservation == "r1")
        #expect(scene.stories.first?.reason.hasPrefix("Resumed. A seat is reserved for this learner") == true)
        #expect(scene.core.claimCount(of: "r1") == 2)
    }

    @Test("Its explanation says why it was parked, how it comes back and until when it is kept")
    func explained() {
        var scene = scene()
        scene.wait(.seconds(480))
        #expect(
            scene.core.ends(of: "a", at: scene.now).first?.basis.text.hasSuffix(
                "Then it is parked, for 60 min at most.")
                == true)
        scene.wait(.seconds(120))
        var story = scene.stories
        scene.send(.containerRemoved("a", epoch: 1))
        story += scene.stories
        scene.wait(.seconds(600))
        let why = scene.core.explain(scene.core.session("a")!, story: story, at: scene.now)
        #expect(why.state == "parked" && why.since == scene.now - .seconds(600))
        #expect(
            why.summary
                == "Parked because nothing happened in it for 10 min. Your files are kept. The next visit to its address, "
                + "or a launch, resumes it. It is kept for another 50 min.")
        #expect(why.ends.map(\.cause) == [.parked])
        #expect(why.ends.map(\.at) == [scene.now + .seconds(3000)])
        #expect(why.decision?.reason.contains("The last sign of use was 10 min ago") == true)
    }
}
