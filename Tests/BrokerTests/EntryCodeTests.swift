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

    /// The number of these codes that open the session.
    private func count(_ minted: some Sequence<String>, _ codes: inout EntryCodes, for session: SessionID) -> Int {
        var count = 0
        for code in minted where codes.redeem(code, for: session, now: start) { count += 1 }
        return count
    }

    @Test("Beyond the limit of all sessions the oldest code goes and the newest stays")
    func limit() {
        var codes = EntryCodes()
        let firstCode = codes.mint(for: session, now: start)
        let second = codes.mint(for: SessionID(rawValue: "s2"), now: start)
        var last = second
        for number in 0..<BrokerLimits.entryCodes - 1 {
            last = codes.mint(for: SessionID(rawValue: "n\(number)"), now: start)
        }
        #expect(codes.handed(now: start).count == BrokerLimits.entryCodes)
        let oldest = codes.redeem(firstCode, for: session, now: start)
        let kept = codes.redeem(second, for: SessionID(rawValue: "s2"), now: start)
        let newest = codes.redeem(last, for: SessionID(rawValue: "n\(BrokerLimits.entryCodes - 2)"), now: start)
        #expect([oldest, kept, newest] == [false, true, true])
    }

    @Test("Whoever asks for many codes keeps the newest few, and drives out none of another session")
    func limitOfOneSession() {
        var codes = EntryCodes()
        let bob = SessionID(rawValue: "bob")
        let others = codes.mint(for: bob, now: start)
        var minted: [String] = []
        for _ in 0..<2 * BrokerLimits.entryCodes { minted.append(codes.mint(for: session, now: start)) }
        #expect(codes.handed(now: start).count == BrokerLimits.entryCodesPerSession + 1)
        let early = count(minted.dropLast(BrokerLimits.entryCodesPerSession), &codes, for: session)
        let late = count(minted.suffix(BrokerLimits.entryCodesPerSession), &codes, for: session)
        #expect(early == 0 && late == BrokerLimits.entryCodesPerSession)
        let isOpen = codes.redeem(others, for: bob, now: start)
        #expect(isOpen)
    }

    @Test("Codes are taken out of the middle, the beginning and the end, and the others stay in their order")
    func order() {
        var codes = EntryCodes()
        let names = (0..<6).map { "s\($0)" }
        let minted = names.map { codes.mint(for: SessionID(rawValue: $0), now: start) }
        for index in [2, 0, 5] { codes.forget(minted[index]) }
        #expect(codes.handed(now: start).map(\.session) == ["s1", "s3", "s4"])
        let later = start + BrokerLimits.entryCodeLifetime
        _ = codes.mint(for: session, now: later)
        #expect(codes.handed(now: start).map(\.session) == ["s1"], "what has run out is dropped")
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

        // The next broker's monotonic clock is unrelated to ours.
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
