import BrokerCore
import EventLoop
import Testing

@testable import Broker

@Suite("One-time codes")
struct EntryCodeTests {
    let session = SessionID(rawValue: "s1")
    let start = MonotonicTime(nanoseconds: 0)

    @Test("A code opens its session once")
    func once() {
        var codes = EntryCodes()
        let code = codes.mint(for: session, now: start)
        #expect(codes.redeem(code, for: session, now: start))
        #expect(!codes.redeem(code, for: session, now: start))
    }

    @Test("A code opens no other session, and is spent by the attempt")
    func otherSession() {
        var codes = EntryCodes()
        let code = codes.mint(for: session, now: start)
        #expect(!codes.redeem(code, for: SessionID(rawValue: "s2"), now: start))
        #expect(!codes.redeem(code, for: session, now: start))
    }

    @Test("A code is good for less than its lifetime and not a moment more")
    func expiry() {
        var codes = EntryCodes()
        let early = codes.mint(for: session, now: start)
        let late = codes.mint(for: session, now: start)
        let end = start + BrokerLimits.entryCodeLifetime
        #expect(codes.redeem(early, for: session, now: start + (BrokerLimits.entryCodeLifetime - .milliseconds(1))))
        #expect(!codes.redeem(late, for: session, now: end))
    }

    @Test("Beyond the limit the oldest code goes and the newest stays")
    func limit() {
        var codes = EntryCodes()
        let first = codes.mint(for: session, now: start)
        var last = first
        for _ in 0..<BrokerLimits.entryCodes { last = codes.mint(for: session, now: start) }
        #expect(!codes.redeem(first, for: session, now: start))
        #expect(codes.redeem(last, for: session, now: start))
    }
}
