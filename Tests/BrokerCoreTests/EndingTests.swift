import Literals
import Testing
import Words

@testable import BrokerCore

@Suite("Ending")
struct EndingTests {
    @Test("An end withdraws the route, removes the container, and holds the seat until it is gone")
    func end() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)])
        scene.run("a")
        scene.launch("b")
        #expect(
            scene.end("a") == [
                .withdrawRoute("a"), .remove("a", epoch: 1, host: "h1"), .answer(scene.lastRequest, .session("a")),
                .changed("a"),
            ])
        #expect(scene.toldStates == ["ending"])
        #expect(scene.core.hostStatus("h1")?.seats == 1)
        let actions = scene.send(.containerRemoved("a", epoch: 1))
        #expect(actions.first == .start("b", epoch: 1, host: "h1"))
        #expect(scene.toldStates == ["ended", "starting"])
    }

    @Test("A queued session ends at once; a starting one when its container is removed")
    func endEarly() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)])
        scene.launch("a")
        scene.launch("b")
        scene.end("b", .operatorEnded(note: "closing time"))
        #expect(scene.storedSessions.last?.state == .ended(reason: .operatorEnded(note: "closing time"), at: scene.now))
        #expect(scene.stories.last?.reason.contains("closing time.") == true)
        #expect(scene.core.queueLength == 0)
        let actions = scene.end("a")
        #expect(actions.first == .remove("a", epoch: 1, host: "h1"))
        #expect(!actions.contains(.withdrawRoute("a")))
        scene.ready("a")
        #expect(scene.state("a")?.name == "ending")
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.storedSessions.last?.state.name == "ended")
    }

    @Test("To end what is ending, or over, is answered and changes nothing")
    func endTwice() {
        var scene = Scene.ready()
        scene.run("a")
        scene.end("a")
        #expect(scene.end("a") == [.answer(scene.lastRequest, .session("a"))])
        scene.core.adopt(
            Session(
                id: "b", learner: .named("b"), lab: "python", epoch: 1,
                state: .ended(reason: .learnerEnded, at: scene.now), createdAt: scene.now, lastActivityAt: scene.now))
        #expect(scene.end("b") == [.answer(scene.lastRequest, .session("b"))])
        #expect(scene.changes == [])
    }

    @Test("A removal that fails is noted once and tried again until it succeeds")
    func removeRetry() {
        var scene = Scene.ready()
        scene.run("a")
        scene.end("a")
        for attempt in 1...3 {
            scene.send(.removeFailed("a", epoch: 1, message: "device is busy"))
            #expect(scene.wait(Limits.removeRetryDelay - .milliseconds(1)) == [])
            #expect(scene.wait(.milliseconds(1)) == [.remove("a", epoch: 1, host: "h1")], "attempt \(attempt)")
        }
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.core.session("a") == nil)
        #expect(scene.core.nextDeadline == nil)
    }

    @Test("A container that stops by itself ends the session; one killed for its memory is told so")
    func exits() {
        var scene = Scene.ready()
        scene.run("a")
        scene.run("b")
        scene.send(.containerExited("a", epoch: 1, code: 3, outOfMemory: false))
        #expect(scene.stories.first?.reason.contains("code 3") == true)
        let actions = scene.send(.containerExited("b", epoch: 1, code: 137, outOfMemory: true))
        #expect(actions == [.withdrawRoute("b"), .remove("b", epoch: 1, host: "h1"), .changed("b")])
        #expect(scene.stories.first?.reason.contains("more memory than the lab allows") == true)
        #expect(scene.send(.containerExited("b", epoch: 1, code: 137, outOfMemory: true)) == [])
    }

    @Test("A lab whose home is no longer mounted ends, with that reason and no other; one that starts goes on")
    func homeLost() {
        var scene = Scene.ready()
        scene.run("a")
        scene.launch("b")
        let actions = scene.send(.homeLost("a", epoch: 1))
        #expect(actions == [.withdrawRoute("a"), .remove("a", epoch: 1, host: "h1"), .changed("a")])
        #expect(scene.state("a") == .ending(host: "h1", reason: .homeLost(host: "h1"), since: scene.now))
        #expect(scene.stories.last?.reason.contains("home was no longer mounted") == true)
        // It is reported at every listing until the container is gone.
        #expect(scene.send(.homeLost("a", epoch: 1)) == [] && scene.changes == [])
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.storedSessions.last?.state == .ended(reason: .homeLost(host: "h1"), at: scene.now))
        #expect(scene.send(.homeLost("b", epoch: 1)) == [] && scene.changes == [])
        #expect(scene.core.session("b")?.failedAttempts == 0)
    }

    @Test("A container removed by someone else ends a running session, and fails a starting attempt")
    func removedByHand() {
        var scene = Scene.ready()
        scene.run("a")
        scene.launch("b")
        scene.send(.containerRemoved("a", epoch: 1))
        #expect(scene.state("a") == .ending(host: "h1", reason: .vanished(host: "h1"), since: scene.now))
        scene.send(.containerRemoved("b", epoch: 1))
        #expect(scene.core.session("b")?.failedAttempts == 1)
    }

    @Test("On a host that does not answer, the removal waits for its return")
    func unreachable() {
        var scene = Scene.ready()
        scene.run("a")
        scene.away("h1")
        let actions = scene.end("a")
        #expect(actions == [.withdrawRoute("a"), .answer(scene.lastRequest, .session("a")), .changed("a")])
        #expect(scene.wait(.seconds(3600)) == [])
        #expect(scene.state("a")?.name == "ending")
        #expect(scene.listed("h1", [.running("a")]) == [.remove("a", epoch: 1, host: "h1")])
    }

    @Test("Every end has a reason that the learner can read, and that says that the files stay")
    func reasons() {
        var reasons = EndReason.Code.allCases.flatMap { code in
            // A code with exactly its own associated values is read as its reason.
            [(nil, nil), (3600, nil), (nil, "h1")].map {
                EndReason(ReasonParts(word: code.rawValue, number: $0.0, text: $0.1))
            }
        }.filter { if case .unknown = $0 { false } else { true } }
        #expect(reasons.map(\.parts.word) == EndReason.Code.allCases.map(\.rawValue))
        reasons += [
            .operatorEnded(note: ""), .exited(code: -1, outOfMemory: false), .unknown(ReasonParts(word: "later")),
        ]
        for reason in reasons { #expect(reason.explanation.contains("iles are kept"), "\(reason)") }
        #expect(Set(reasons.map(\.explanation)).count == reasons.count)
        #expect(EndReason.lifetime(limitSeconds: 7260).explanation.contains("2 h 1 min"))
        #expect(!EndReason.exited(code: -1, outOfMemory: false).explanation.contains("-1"))
    }

    @Test("A reason is read back as it was written, and one of a newer version is kept with all that belongs to it")
    func reasonParts() {
        let parts = EndReason.Code.allCases.map(\.rawValue) + ["later"]
        for word in parts {
            for (number, text) in [(nil, nil), (60, nil), (nil, "h1"), (60, "h1")] as [(Int64?, String?)] {
                let parts = ReasonParts(word: word, number: number, text: text)
                #expect(EndReason(parts).parts == parts)
                #expect(ParkReason(parts).parts == parts)
            }
        }
        #expect(EndReason(ReasonParts(word: "idle")) == .unknown(ReasonParts(word: "idle")))
        #expect(ParkReason(ReasonParts(word: "operator", text: "exam")) == .operatorParked(note: "exam"))
        for code in ParkReason.Code.allCases {
            let readings = [
                ParkReason(ReasonParts(word: code.rawValue, number: 60)),
                ParkReason(ReasonParts(word: code.rawValue, text: "")),
            ]
            #expect(readings.filter { if case .unknown = $0 { false } else { true } }.count == 1, "\(code)")
        }
    }
}
