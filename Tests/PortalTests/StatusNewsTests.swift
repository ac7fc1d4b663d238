import BrokerCore
import EventLoop
import HTTPTransport
import HTTPWire
import Testing

@testable import Broker
@testable import Portal

@Suite("What a program of a lab's own page hears")
struct StatusNewsTests {
    private static let now = Timestamp(milliseconds: 1_700_000_000_000)

    @ControlLoop @Test("is how the lab is, and again only when it is another way: the clock alone is no news")
    func once() throws {
        let news = StatusNews(contact: nil)
        var view = view("running")
        view.endsAt = Self.now + .seconds(1500)
        view.endsBy = .lifetime
        let first = news.event(view, now: Self.now)
        #expect(first != nil)
        let later = news.event(view, now: Self.now + .seconds(15))
        #expect(later == nil)
        view.endsBy = .drain
        view.isWarned = true
        let warned = news.event(view, now: Self.now + .seconds(30))
        let text = String(decoding: try #require(warned), as: UTF8.self)
        #expect(text.hasPrefix("event: status\ndata: {") && text.contains("needs maintenance"))
        // With the time at which the event is sent.
        #expect(text.contains("\"now\":\((Self.now + .seconds(30)).milliseconds)"))
        let again = news.event(view, now: Self.now + .seconds(45))
        #expect(again == nil)
    }

    @Test("comes with a heartbeat where no change of the session says so: its host is drained", .timeLimit(.minutes(1)))
    func drain() async throws {
        try await withDesk(stored: [StayTests.running()]) { desk in
            let streams = EventStreams(broker: desk.broker, interval: .milliseconds(20))
            let response = streams.follow(
                try await desk.broker.view(slug), at: .notice, with: PageResponses(renderer: try renderer()))
            guard case .stream(let stream) = response.body else {
                Issue.record("no stream")
                return
            }
            var hasBegun = false
            for await bytes in stream {
                let text = String(decoding: bytes, as: UTF8.self)
                guard text.hasPrefix("event: status\n") else { continue }
                if text.contains("\"ends_by\":\"drain\"") {
                    #expect(hasBegun && text.contains("\"is_warned\":true"))
                    break
                }
                guard !hasBegun else { continue }
                hasBegun = true
                try await desk.broker.drain("h1", deadline: .seconds(60))
            }
            streams.end()
        }
    }
}
