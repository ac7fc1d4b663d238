import Testing

@testable import BrokerCore

@Suite("Launch")
struct LaunchTests {
    @Test("A launch with a free seat is stored, starts its container, and is answered")
    func launchStarts() {
        var scene = Scene.ready()
        let actions = scene.launch("a")
        #expect(
            actions == [
                .start("a", epoch: 1, host: "h1"), .answer(scene.lastRequest, .session("a")), .changed("a"),
            ])
        #expect(scene.state("a") == .starting(host: "h1", step: .creating, since: scene.now))
        #expect(scene.toldStates == ["queued", "starting"])
        #expect(scene.storedSessions.last == scene.core.session("a"))
    }
}
