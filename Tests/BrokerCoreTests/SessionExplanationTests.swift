import Testing
import Words

@testable import BrokerCore

@Suite("Why a session is as it is")
struct SessionExplanationTests {
    /// A scene that records the stories of all its steps.
    private struct Told {
        var scene: Scene
        var story: [StoryEntry] = []

        mutating func `do`(_ body: (inout Scene) -> Void) {
            body(&scene)
            story += scene.stories
        }

        var why: SessionExplanation {
            let session = scene.core.session("a") ?? last!
            return scene.core.explain(session, story: story, at: scene.now)
        }

        /// The session as the store would have it.
        var last: Session?
    }

    private func told(_ kind: LabKind = .jupyter, lifetime: Duration = .seconds(36_000)) -> Told {
        var lab = Lab.of("lab", kind, idle: .seconds(600), lifetime: lifetime)
        lab.idleWarning = .seconds(120)
        var told = Told(scene: Scene.ready(hosts: [.small("h1", slots: 1)], labs: [lab]))
        told.do { $0.launch("a", lab: "lab") }
        told.do { $0.ready("a") }
        return told
    }

    @Test("A running session: what showed last that it is needed, every limit, and which one comes first")
    func running() {
        var told = told()
        let start = told.scene.now
        told.do { $0.wait(.seconds(60)) }
        told.do { $0.send(.activity(["a": $0.now])) }
        told.do { $0.wait(.seconds(30)) }
        let why = told.why
        #expect(why.state == "running" && why.since == start)
        #expect(why.lastSign?.source == .edge && why.lastSign?.at == start + .seconds(60))
        #expect(why.ends.map(\.cause) == [.idle, .lifetime])
        #expect(why.ends.map(\.at) == [start + .seconds(660), start + .seconds(36_000)])
        #expect(why.decision?.reason.hasPrefix("The lab answers") == true)
        #expect(
            why.summary
                == "It is alive because somebody did something in it 30 s ago; it ends in 9 min, if nothing happens in it."
        )
        #expect(why.rules == ActivityRule.table(for: .jupyter))
    }

    @Test("The limit that comes first is in front, be it the lifetime or a drain")
    func order() {
        var told = told(lifetime: .seconds(300))
        #expect(told.why.ends.map(\.cause) == [.lifetime, .idle])
        #expect(told.why.summary.contains("whatever happens in it"))
        told.do { $0.send(.drain(host: "h1", deadline: $0.now + .seconds(200), request: $0.request())) }
        #expect(told.why.ends.map(\.cause) == [.drain, .lifetime, .idle])
        #expect(told.why.summary.contains("its host is being emptied"))
    }

    @Test("A busy kernel: nothing ends it for idleness, and only the lifetime has a time")
    func busy() {
        var told = told()
        told.do { $0.wait(.seconds(480)) }
        told.do { $0.send(.labReported("a", epoch: 1, .busy)) }
        #expect(told.why.lastSign?.source == .busyKernel)
        #expect(told.why.ends.map(\.cause) == [.lifetime, .idle])
        #expect(told.why.ends.last?.at == nil)
        #expect(told.why.ends.last?.why.contains("A kernel was executing") == true)
    }

    @Test("A host that does not answer, an extension and a warning are in the explanation")
    func circumstances() {
        var told = told(.http)
        told.do { $0.wait(.seconds(500)) }
        #expect(told.why.ends.first?.isWarned == true)
        told.do { $0.extend("a", by: .seconds(3600), note: "exam") }
        #expect(told.why.extended?.by == "ada" && told.why.extended?.totalSeconds == 3600)
        #expect(told.why.ends.first?.why.contains("extended") == true)
        #expect(told.why.ends.first?.isWarned == false)
        told.do { $0.away("h1") }
        #expect(told.why.ends.map(\.cause) == [.lifetime, .idle])
        #expect(told.why.ends.last?.at == nil)
        #expect(told.why.ends.last?.why.contains("does not answer") == true)
    }

    @Test("Long after the last sign of use, what keeps it alive is the extension, its host's silence, or its return")
    func aliveWithoutSign() {
        var told = told(.http)
        told.do { $0.extend("a", by: .seconds(3600)) }
        told.do { $0.wait(.seconds(700)) }
        #expect(told.why.summary.hasPrefix("It is alive because ada extended it; it ends in 58 min"))
        var other = self.told(.http)
        other.do { $0.away("h1") }
        other.do { $0.wait(.seconds(700)) }
        #expect(other.why.summary.contains("because its host h1 does not answer"))
        other.do { $0.listed("h1", [.running("a")]) }
        #expect(other.why.summary.contains("because the way to it was shut until a moment ago; it ends in 2 min"))
    }

    @Test("An ended session: the reason, and the facts on which it was decided")
    func ended() {
        var told = told()
        told.do { $0.wait(.seconds(600)) }
        told.do { $0.send(.labReported("a", epoch: 1, .quiet(lastActivity: nil))) }
        told.do { $0.wait(.seconds(120)) }
        told.do { $0.send(.labReported("a", epoch: 1, .quiet(lastActivity: nil))) }
        told.last = told.scene.core.session("a")
        told.do { $0.send(.containerRemoved("a", epoch: 1)) }
        told.last = told.scene.storedSessions.last
        #expect(told.scene.core.session("a") == nil)
        let why = told.why
        #expect(why.state == "ended" && why.ends == [])
        #expect(why.summary.contains("nothing happened in it for 10 min"))
        #expect(why.decision?.state == "ending")
        #expect(why.decision?.reason.contains("The last sign of use was 10 min ago: the lab became ready.") == true)
        #expect(why.decision?.reason.contains("the lab said that no kernel is executing") == true)
        #expect(why.lastSign?.source == .ready)
    }

    @Test("A queued session: its place and what it waits for; no sign of use yet")
    func queued() {
        var told = told()
        told.do { $0.launch("b", lab: "lab") }
        let session = told.scene.core.session("b")!
        let why = told.scene.core.explain(session, story: told.scene.stories, at: told.scene.now)
        #expect(why.queuePosition == 1 && why.queueLength == 1 && why.lastSign == nil && why.ends == [])
        #expect(why.summary.hasPrefix("Waiting for a seat"))
        #expect(why.decision?.reason == "Launched; waiting for a seat.")
    }

    @Test("Every kind of lab has a table with rules of both kinds")
    func tables() {
        for kind in LabKind.allCases {
            let rules = ActivityRule.table(for: kind)
            #expect(Set(rules.map(\.counts)) == [true, false])
            #expect(Set(rules.map(\.what)).count == rules.count)
            #expect(rules.contains { $0.witness == .lab } == (kind == .jupyter))
        }
    }
}
