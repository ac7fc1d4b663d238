import Identity
import Literals
import Testing

@testable import BrokerCore

@Suite("Pace")
struct PaceTests {
    private let begin = Timestamp(milliseconds: 1_000_000)

    /// A pace that has learned that a single start takes one second.
    private func learnt(upTo maximum: Int = 64) -> Pace {
        var pace = Pace()
        pace.noteReady("python", after: .seconds(1), crowd: 1, upTo: maximum, at: begin)
        return pace
    }

    @Test("A host that nothing is known of starts a few at a time, never more than its operator allows")
    func atFirst() {
        #expect(Pace().allowed(upTo: 64) == Limits.startsAtFirst)
        #expect(Pace().allowed(upTo: 2) == 2)
        #expect(Pace().allowed(upTo: 0) == 0)
    }

    @Test("Quick starts raise the limit with each of them, up to what the operator allows")
    func increaseAtFirst() {
        var pace = learnt()
        #expect(pace.allowed(upTo: 64) == 2)
        for _ in 1...2 { pace.noteReady("python", after: .seconds(1), crowd: 2, upTo: 64, at: begin) }
        #expect(pace.allowed(upTo: 64) == 4)
        for _ in 1...100 { pace.noteReady("python", after: .seconds(1), crowd: 64, upTo: 6, at: begin) }
        #expect(pace.allowed(upTo: 64) == 6)
    }

    @Test("After it was too much once, a whole round of quick starts at the limit raises it by one")
    func increase() {
        var pace = learnt()
        for _ in 1...6 { pace.noteReady("python", after: .seconds(1), crowd: 8, upTo: 8, at: begin) }
        pace.noteReady("python", after: .seconds(9), crowd: 8, upTo: 8, at: begin + .seconds(20))
        #expect(pace.allowed(upTo: 8) == 4)
        for _ in 1...4 { pace.noteReady("python", after: .seconds(1), crowd: 4, upTo: 8, at: begin + .seconds(40)) }
        #expect(pace.allowed(upTo: 8) == 4)
        pace.noteReady("python", after: .seconds(1), crowd: 4, upTo: 8, at: begin + .seconds(40))
        #expect(pace.allowed(upTo: 8) == 5)
        for _ in 1...50 { pace.noteReady("python", after: .seconds(1), crowd: 4, upTo: 8, at: begin + .seconds(40)) }
        #expect(pace.allowed(upTo: 8) == 5)
    }

    @Test("A host that is not asked for more proves nothing by being quick")
    func notAtTheLimit() {
        var pace = learnt()
        for _ in 1...100 { pace.noteReady("python", after: .seconds(1), crowd: 1, upTo: 64, at: begin) }
        #expect(pace.allowed(upTo: 64) == 2)
    }

    @Test("Slow starts halve the limit once for all that were under way together, and never below one")
    func decrease() {
        var pace = learnt()
        for _ in 1...6 { pace.noteReady("python", after: .seconds(1), crowd: 8, upTo: 8, at: begin) }
        let slow = Duration.seconds(Limits.slowStart + 0.1)
        for _ in 1...4 { pace.noteReady("python", after: slow, crowd: 8, upTo: 8, at: begin + .seconds(10)) }
        #expect(pace.allowed(upTo: 64) == 4)
        for round in 2...9 {
            pace.noteReady("python", after: slow, crowd: 4, upTo: 8, at: begin + .seconds(10 * round))
        }
        #expect(pace.allowed(upTo: 64) == 1)
        pace.noteReady("python", after: .seconds(1), crowd: 1, upTo: 8, at: begin + .seconds(200))
        #expect(pace.allowed(upTo: 64) == 2)
    }

    @Test("A slow start that had the host for itself is no crowd: it is what is usual now")
    func slowerForGood() {
        var pace = learnt()
        for round in 1...20 {
            pace.noteReady("python", after: .seconds(5), crowd: 1, upTo: 64, at: begin + .seconds(10 * round))
        }
        #expect(pace.allowed(upTo: 64) == 2)
        pace.noteReady("python", after: .seconds(8), crowd: 2, upTo: 64, at: begin + .seconds(500))
        #expect(pace.allowed(upTo: 64) == 3)
        pace.noteReady("python", after: .seconds(11), crowd: 4, upTo: 64, at: begin + .seconds(600))
        #expect(pace.allowed(upTo: 64) == 1)
    }

    @Test("Labs are compared with themselves: one that is slow by nature slows nobody")
    func byLab() {
        var pace = learnt()
        for _ in 1...9 {
            pace.noteReady("rstudio", after: .seconds(30), crowd: 4, upTo: 64, at: begin + .seconds(100))
        }
        #expect(pace.allowed(upTo: 64) > Limits.startsAtFirst)
    }

    @Test("A lab that did not get ready in a crowd says the same as a slow one")
    func neverReady() {
        var pace = learnt()
        pace.noteNeverReady(begunAt: begin, crowd: 1, upTo: 64, at: begin + .seconds(60))
        #expect(pace.allowed(upTo: 64) == 2)
        for _ in 1...3 { pace.noteNeverReady(begunAt: begin, crowd: 4, upTo: 3, at: begin + .seconds(60)) }
        #expect(pace.allowed(upTo: 64) == 1)
    }

    @Test("No more labs are remembered than the limit")
    func bounded() {
        var pace = Pace()
        for index in 0...Limits.pacedLabs {
            pace.noteReady(
                LabKey(portal: "school", name: "lab\(index)"), after: .seconds(1), crowd: 1, upTo: 64, at: begin)
        }
        let full = pace
        pace.noteReady("one more", after: .seconds(1), crowd: 1, upTo: 64, at: begin)
        #expect(pace == full)
    }

    @Test("A host whose starts slow each other down converges on what it bears, and stays there")
    func convergence() {
        // Two CPUs; a start needs three seconds of one of them, and a second of waiting.
        func seconds(_ crowd: Int) -> Double { 1 + 3 * max(1, Double(crowd) / 2) }
        var pace = Pace()
        var now = begin
        var seen: [Int] = []
        for round in 0..<200 {
            let crowd = pace.allowed(upTo: 64)
            for _ in 0..<crowd {
                pace.noteReady("python", after: .seconds(seconds(crowd)), crowd: crowd, upTo: 64, at: now)
            }
            now = now + .seconds(60)
            if round >= 20 { seen.append(crowd) }
        }
        #expect(seen.min()! >= 2 && seen.max()! <= 6)
    }

    @Test("A start that an earlier broker began, and that waited for this one, is no measurement")
    func notAcrossRestarts() {
        var scene = Scene()
        _ = scene.core.restore(
            sessions: [
                Session(
                    id: "a", learner: .named("ann"), lab: "python", epoch: 1,
                    state: .starting(host: "h1", step: .creating, since: scene.now - .seconds(500)),
                    createdAt: scene.now, lastActivityAt: scene.now)
            ], duties: [:], homes: [], at: scene.now)
        scene.send(.configure(labs: [.python], hosts: [.small("h1")]))
        scene.listed("h1")
        scene.ready("a")
        scene.launch("b")
        #expect(scene.core.estimate(of: "b", at: scene.now) == nil)
    }
}
