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
        let first = codes.redeem(code, for: session, now: start)
        #expect(first)
        let again = codes.redeem(code, for: session, now: start)
        #expect(!again)
    }

    @Test("A code opens no other session, and is spent by the attempt")
    func otherSession() {
        var codes = EntryCodes()
        let code = codes.mint(for: session, now: start)
        let other = codes.redeem(code, for: SessionID(rawValue: "s2"), now: start)
        #expect(!other)
        let own = codes.redeem(code, for: session, now: start)
        #expect(!own)
    }

    @Test("A code is good for less than its lifetime and not a moment more")
    func expiry() {
        var codes = EntryCodes()
        let early = codes.mint(for: session, now: start)
        let late = codes.mint(for: session, now: start)
        let end = start + BrokerLimits.entryCodeLifetime
        let inTime = codes.redeem(early, for: session, now: start + (BrokerLimits.entryCodeLifetime - .milliseconds(1)))
        #expect(inTime)
        let tooLate = codes.redeem(late, for: session, now: end)
        #expect(!tooLate)
    }

    @Test("Beyond the limit the oldest code goes and the newest stays")
    func limit() {
        var codes = EntryCodes()
        let firstCode = codes.mint(for: session, now: start)
        var last = firstCode
        for _ in 0..<BrokerLimits.entryCodes { last = codes.mint(for: session, now: start) }
        let oldest = codes.redeem(firstCode, for: session, now: start)
        #expect(!oldest)
        let newest = codes.redeem(last, for: session, now: start)
        #expect(newest)
    }

    @Test("pass to the next broker with the time that they have left, and open once there")
    func handed() {
        let (ada, bob) = (SessionID(rawValue: "ada"), SessionID(rawValue: "bob"))
        var codes = EntryCodes()
        let early = codes.mint(for: ada, now: start)
        let code = codes.mint(for: bob, now: start + .seconds(30))
        let used = codes.mint(for: ada, now: start + .seconds(30))
        let wasGood = codes.redeem(used, for: ada, now: start + .seconds(31))
        #expect(wasGood)
        let handed = codes.handed(now: start + BrokerLimits.entryCodeLifetime)
        #expect(handed.map(\.session) == ["bob"])
        #expect(handed.map(\.milliseconds) == [30_000])

        // The next broker has a clock of its own.
        var next = EntryCodes()
        let there = MonotonicTime(nanoseconds: 7_000_000_000_000)
        next.adopt(handed + [HandedEntryCode(digest: [1], session: "x", milliseconds: 1)], now: there)
        let opens = [
            next.redeem(early, for: ada, now: there), next.redeem(code, for: bob, now: there + .seconds(29)),
            next.redeem(code, for: bob, now: there + .seconds(29)),
        ]
        #expect(opens == [false, true, false])
        next.adopt(handed, now: there)
        let isLate = !next.redeem(code, for: bob, now: there + .seconds(31))
        #expect(isLate)
    }
}
