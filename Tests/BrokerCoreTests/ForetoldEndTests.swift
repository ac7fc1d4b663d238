import Testing

@testable import BrokerCore

@Suite("Foretold ends")
struct ForetoldEndTests {
    /// How a session of the lab `python` comes to its end. The setting starts the session `a`.
    struct Life: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var outcome: ForetoldEnd.Outcome
        var begin: @Sendable (_ kind: LabKind) -> Scene
    }

    private static func scene(
        _ kind: LabKind, idle: Duration = .seconds(50_000), lifetime: Duration = .seconds(100_000),
        parksFor: Duration = .zero
    ) -> Scene {
        var lab = Lab.of("python", kind, idle: idle, lifetime: lifetime)
        lab.idleWarning = .seconds(120)
        lab.parksFor = parksFor
        var scene = Scene.reserving(labs: [lab])
        scene.run("a", lab: "python")
        return scene
    }

    static let lives: [Life] = [
        Life(testDescription: "nobody uses it", outcome: .ends(.idle(timeoutSeconds: 600))) { kind in
            scene(kind, idle: .seconds(600))
        },
        Life(testDescription: "its learner keeps it once", outcome: .ends(.idle(timeoutSeconds: 600))) { kind in
            var scene = scene(kind, idle: .seconds(600))
            scene.now = scene.now + .seconds(500)
            scene.keep("a")
            return scene
        },
        Life(testDescription: "nobody uses it, and it parks", outcome: .parks(.idle(timeoutSeconds: 600))) { kind in
            scene(kind, idle: .seconds(600), parksFor: .seconds(3600))
        },
        Life(testDescription: "nobody comes back to it", outcome: .ends(.parked(seconds: 3600))) { kind in
            var scene = scene(kind, parksFor: .seconds(3600))
            scene.send(.park("a", note: "", request: scene.request()))
            scene.send(.containerRemoved("a", epoch: 1))
            return scene
        },
        Life(testDescription: "it lives long", outcome: .ends(.lifetime(limitSeconds: 3000))) { kind in
            scene(kind, lifetime: .seconds(3000))
        },
        Life(testDescription: "it was extended", outcome: .ends(.lifetime(limitSeconds: 4800))) { kind in
            var scene = scene(kind, lifetime: .seconds(3000))
            scene.extend("a", by: .seconds(1800))
            return scene
        },
        Life(testDescription: "its course is over", outcome: .ends(.reservationOver)) { kind in
            var scene = scene(kind)
            scene.end("a")
            scene.send(.containerRemoved("a", epoch: 1))
            scene.reserve("r1", seats: 2, after: .zero)
            scene.launch("a", context: "course-1")
            scene.ready("a")
            return scene
        },
        Life(testDescription: "its host is drained", outcome: .ends(.drain(host: "h1"))) { kind in
            var scene = scene(kind)
            scene.send(.drain(host: "h1", deadline: scene.now + .seconds(900), request: scene.request()))
            return scene
        },
        Life(testDescription: "an operator announces it", outcome: .ends(.operatorEnded(note: "exam"))) { kind in
            var scene = scene(kind)
            let end = AnnouncedEnd(at: scene.now + .seconds(900), note: "exam")
            scene.send(.announceEnd("a", end, request: scene.request()))
            return scene
        },
    ]

    @Test(
        "The end that comes is the one that was foretold last, with its reason and at its time",
        arguments: lives, [LabKind.jupyter, .http])
    func comes(_ life: Life, _ kind: LabKind) throws {
        var scene = life.begin(kind)
        try #require(scene.state("a").map { $0.code == .running || $0.code == .parked } == true)
        for _ in 0..<1000 {
            let told = try #require(scene.core.foretoldEnds(of: "a").first)
            scene.now = max(scene.now, try #require(scene.core.nextDeadline))
            var actions = scene.send(.tick)
            var changes = scene.changes
            if actions.contains(where: { if case .askLab = $0 { true } else { false } }) {
                actions += scene.send(.labReported("a", epoch: 1, .quiet(lastActivity: nil)))
                changes += scene.changes
            }
            guard let outcome = Self.outcome(of: changes) else { continue }
            #expect(outcome == told.outcome && told.at == scene.now)
            #expect(outcome == life.outcome)
            return
        }
        Issue.record("it never ended")
    }

    private static func outcome(of changes: [Change]) -> ForetoldEnd.Outcome? {
        for case .session(let session) in changes {
            switch session.state {
            case .ending(_, let reason, _), .ended(let reason, _): return .ends(reason)
            case .parking(_, let reason, _): return .parks(reason)
            case .queued, .starting, .running, .parked, .failed: continue
            }
        }
        return nil
    }

    @Test("Every cause is played to its end")
    func complete() {
        #expect(Set(Self.lives.compactMap(\.outcome.cause)) == Set(EndReason.Cause.allCases))
        for cause in EndReason.Cause.allCases { #expect(EndReason.Code(rawValue: cause.rawValue) != nil, "\(cause)") }
    }
}
