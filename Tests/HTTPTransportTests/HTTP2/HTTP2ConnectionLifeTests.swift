import EventLoop
import Testing

@testable import HTTPTransport

@Suite("The life of an HTTP/2 connection")
struct HTTP2ConnectionLifeTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    private func life() -> HTTP2ConnectionLife {
        var timeouts = ServerTimeouts()
        timeouts.head = .seconds(10)
        timeouts.idle = .seconds(75)
        timeouts.write = .seconds(60)
        timeouts.minimumBodyRate = 1000
        return HTTP2ConnectionLife(at: start, timeouts: timeouts)
    }

    @Test("a client that does not begin is sent away")
    func preface() {
        var life = life()
        #expect(life.deadline == start + .seconds(10))
        #expect(life.timeCame(queued: 0, at: start + .seconds(9)) == .goOn)
        #expect(life.timeCame(queued: 0, at: start + .seconds(10)) == .fail(.headTimeout))
    }

    @Test("without a stream it ends at the idle timeout, and not before")
    func idle() {
        var life = life()
        life.receivedSettings()
        #expect(life.deadline == start + .seconds(75))
        life.streams = 1
        #expect(life.deadline == nil)
        #expect(life.timeCame(queued: 0, at: start + .seconds(100)) == .goOn)
        life.streamsLeft(0, at: start + .seconds(100))
        #expect(life.deadline == start + .seconds(175))
        #expect(life.timeCame(queued: 0, at: start + .seconds(175)) == .end)
        #expect(life.isOver)
    }

    @Test("a header block that does not end holds everything up, and has the time of a head")
    func block() {
        var life = life()
        life.receivedSettings()
        life.streams = 1
        life.blockBegan(at: start)
        #expect(life.deadline == start + .seconds(10))
        #expect(life.timeCame(queued: 0, at: start + .seconds(10)) == .fail(.headTimeout))
        life.blockEnded()
        #expect(life.deadline == nil)
    }

    @Test("the end is announced, fixed by the client's answer or after a second, and comes with the last stream")
    func goingAway() {
        var answered = life()
        answered.receivedSettings()
        answered.streams = 1
        let announced = [answered.goAway(at: start), answered.goAway(at: start)]
        #expect(announced == [true, false], "once is enough")
        #expect(answered.receivedAnswer() == .announceEnd)
        #expect(answered.receivedAnswer() == .goOn)
        #expect(!answered.isOver)
        answered.streamsLeft(0, at: start)
        #expect(answered.isOver)

        var silent = life()
        silent.receivedSettings()
        silent.streams = 1
        _ = silent.goAway(at: start)
        #expect(silent.deadline == start + .seconds(1))
        #expect(silent.timeCame(queued: 0, at: start + .seconds(1)) == .announceEnd)
        #expect(silent.deadline == nil)
    }

    @Test("a client that takes nothing is cut; one that takes something has the time that it would have taken")
    func stall() {
        var life = life()
        life.receivedSettings()
        life.streams = 1
        life.note(before: 0, after: 100_000, at: start)
        #expect(life.deadline == start + .seconds(60))
        // 40,000 bytes are worth 40 seconds.
        #expect(life.timeCame(queued: 60_000, at: start + .seconds(60)) == .goOn)
        #expect(life.deadline == start + .seconds(100))
        #expect(life.timeCame(queued: 60_000, at: start + .seconds(100)) == .fail(.writeTimeout))
        life.note(before: 0, after: 0, at: start)
        #expect(life.deadline == nil)
    }
}
