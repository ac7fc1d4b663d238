import Literals
import Testing

@testable import BrokerCore
@testable import Words

@Suite("Explanations")
struct ExplanationTests {
    @Test("Durations and sizes are said as people say them")
    func units() {
        #expect(OperatorText.span(.milliseconds(1240)) == "1.2 s")
        #expect(OperatorText.span(.seconds(45)) == "45 s")
        #expect(OperatorText.span(.seconds(600)) == "10 min")
        #expect(OperatorText.span(.seconds(7500)) == "2 h 5 min")
        #expect(OperatorText.span(.seconds(-3)) == "0.0 s")
        #expect(OperatorText.bytes(512 << 20) == "512 MiB")
        #expect(OperatorText.bytes(3 << 29) == "1.5 GiB")
        #expect(OperatorText.bytes(6 << 30) == "6 GiB")
        #expect(OperatorText.sentence("full") == "full.")
        #expect(OperatorText.sentence("full!") == "full!")
        #expect(OperatorText.sentence("") == "No reason was given.")
    }

    @Test("Refusals and failed starts are in operators' words: learners and their instructors have others")
    func operators() {
        #expect(Refusal.unknownLab("r").message.hasSuffix("; `carrel lab list` shows those there are."))
        #expect(Refusal.unknownSession("x").message.hasSuffix("; `carrel session list` shows those there are."))
        #expect(!OperatorText.afterFailure.contains("instructor"))
        #expect(OperatorText.afterFailure.contains("`carrel check`"))
    }

    @Test("A waiting session says what it waits for")
    func waiting() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1)])
        scene.run("a")
        scene.launch("b")
        func why() -> String { scene.core.explanation(of: "b", at: scene.now) ?? "" }
        #expect(
            why() == "Waiting for a seat: all of them are taken. It is next in the queue. "
                + "If everybody stays as long as they may, it gets one at 2001-09-09 11:46 UTC.")
        scene.away("h1")
        #expect(why() == "Waiting: no host that could serve this lab answers at the moment.")
        scene.send(.cordon(host: "h1", request: scene.request()))
        #expect(why() == "Waiting: every host that could serve this lab is closed for maintenance.")
    }

    @Test("A live session says how far it is and until when it lives; one that is over says why")
    func living() {
        var scene = Scene.ready()
        scene.launch("a")
        scene.now = scene.now + .seconds(12)
        func text() -> String { scene.core.explanation(of: "a", at: scene.now) ?? "" }
        #expect(text() == "Its container is being created on h1 (for 12 s so far).")
        scene.send(.containerStarted("a", epoch: 1, endpoint: .of("a")))
        #expect(text().contains("does not answer yet"))
        scene.ready("a")
        #expect(text() == "It runs; without activity it ends in 10 min; in any case it ends in 10 h.")
        scene.end("a")
        #expect(text() == "Ended by you. Your files are kept. Its container on h1 is being removed.")
        #expect(scene.core.explanation(of: "zz", at: scene.now) == nil)
    }
}
