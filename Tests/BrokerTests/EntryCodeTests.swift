import BrokerCore
import EventLoop
import Foundation
import Identity
import Literals
import Testing

@testable import Broker

@Suite("One-time codes")
struct EntryCodeTests {
    let session = SessionID(rawValue: "s1")
    let visit = Visit.of("ada")
    let start = MonotonicTime(nanoseconds: 0)

    @Test("A code opens its session once")
    func once() {
        var codes = EntryCodes()
        let code = codes.mint(for: session, visit: visit, now: start)
        let first = codes.redeem(code, for: session, now: start)
        #expect(first == visit)
        let again = codes.redeem(code, for: session, now: start)
        #expect(again == nil)
    }

    @Test("A code opens no other session, and is spent by the attempt")
    func otherSession() {
        var codes = EntryCodes()
        let code = codes.mint(for: session, visit: visit, now: start)
        let other = codes.redeem(code, for: SessionID(rawValue: "s2"), now: start)
        #expect(other == nil)
        let own = codes.redeem(code, for: session, now: start)
        #expect(own == nil)
    }

    @Test("A code is good for less than its lifetime and not a moment more")
    func expiry() {
        var codes = EntryCodes()
        let early = codes.mint(for: session, visit: visit, now: start)
        let late = codes.mint(for: session, visit: visit, now: start)
        let end = start + BrokerLimits.entryCodeLifetime
        let inTime = codes.redeem(early, for: session, now: start + (BrokerLimits.entryCodeLifetime - .milliseconds(1)))
        #expect(inTime == visit)
        let tooLate = codes.redeem(late, for: session, now: end)
        #expect(tooLate == nil)
    }

    /// The number of these codes that open the session.
    private func count(_ minted: some Sequence<String>, _ codes: inout EntryCodes, for session: SessionID) -> Int {
        var count = 0
        for code in minted where codes.redeem(code, for: session, now: start) != nil { count += 1 }
        return count
    }

    @Test("Beyond the limit of all sessions the oldest code goes and the newest stays")
    func limit() {
        var codes = EntryCodes()
        let firstCode = codes.mint(for: session, visit: visit, now: start)
        let second = codes.mint(for: SessionID(rawValue: "s2"), visit: visit, now: start)
        var last = second
        for number in 0..<BrokerLimits.entryCodes - 1 {
            last = codes.mint(for: SessionID(rawValue: "n\(number)"), visit: visit, now: start)
        }
        #expect(codes.handed(now: start).count == BrokerLimits.entryCodes)
        let oldest = codes.redeem(firstCode, for: session, now: start)
        let kept = codes.redeem(second, for: SessionID(rawValue: "s2"), now: start)
        let newest = codes.redeem(last, for: SessionID(rawValue: "n\(BrokerLimits.entryCodes - 2)"), now: start)
        #expect([oldest, kept, newest] == [nil, visit, visit])
    }

    @Test("Whoever asks for many codes keeps the newest few, and drives out none of another session")
    func limitOfOneSession() {
        var codes = EntryCodes()
        let bob = SessionID(rawValue: "bob")
        let others = codes.mint(for: bob, visit: visit, now: start)
        var minted: [String] = []
        for _ in 0..<2 * BrokerLimits.entryCodes { minted.append(codes.mint(for: session, visit: visit, now: start)) }
        #expect(codes.handed(now: start).count == BrokerLimits.entryCodesPerSession + 1)
        let early = count(minted.dropLast(BrokerLimits.entryCodesPerSession), &codes, for: session)
        let late = count(minted.suffix(BrokerLimits.entryCodesPerSession), &codes, for: session)
        #expect(early == 0 && late == BrokerLimits.entryCodesPerSession)
        let isOpen = codes.redeem(others, for: bob, now: start)
        #expect(isOpen == visit)
    }

    @Test("Codes are taken out of the middle, the beginning and the end, and the others stay in their order")
    func order() {
        var codes = EntryCodes()
        let names = (0..<6).map { "s\($0)" }
        let minted = names.map { codes.mint(for: SessionID(rawValue: $0), visit: visit, now: start) }
        for index in [2, 0, 5] { codes.forget(minted[index]) }
        #expect(codes.handed(now: start).map(\.session) == ["s1", "s3", "s4"])
        let later = start + BrokerLimits.entryCodeLifetime
        _ = codes.mint(for: session, visit: visit, now: later)
        #expect(codes.handed(now: start).map(\.session) == ["s1"], "what has run out is dropped")
    }

    @Test("pass to the next broker with the time that they have left, and open once there")
    func handed() {
        let (ada, bob) = (SessionID(rawValue: "ada"), SessionID(rawValue: "bob"))
        var codes = EntryCodes()
        let early = codes.mint(for: ada, visit: visit, now: start)
        let code = codes.mint(for: bob, visit: visit, now: start + .seconds(30))
        let used = codes.mint(for: ada, visit: visit, now: start + .seconds(30))
        let wasGood = codes.redeem(used, for: ada, now: start + .seconds(31))
        #expect(wasGood == visit)
        let handed = codes.handed(now: start + BrokerLimits.entryCodeLifetime)
        #expect(handed.map(\.session) == ["bob"])
        #expect(handed.map(\.milliseconds) == [30_000])

        // The next broker's monotonic clock is unrelated to ours.
        var next = EntryCodes()
        let there = MonotonicTime(nanoseconds: 7_000_000_000_000)
        next.adopt(handed + [HandedEntryCode(digest: [1], session: "x", visit: visit, milliseconds: 1)], now: there)
        let opens = [
            next.redeem(early, for: ada, now: there), next.redeem(code, for: bob, now: there + .seconds(29)),
            next.redeem(code, for: bob, now: there + .seconds(29)),
        ]
        #expect(opens == [nil, visit, nil])
        next.adopt(handed, now: there)
        let late = next.redeem(code, for: bob, now: there + .seconds(31))
        #expect(late == nil)
    }

    @Test("The codes of visits that are signed out are worthless, and no others")
    func signedOut() {
        let other = Visit.of("ada", id: "visit-2")
        var codes = EntryCodes()
        let mine = [
            codes.mint(for: session, visit: visit, now: start), codes.mint(for: session, visit: visit, now: start),
        ]
        let kept = codes.mint(for: session, visit: other, now: start)
        codes.forget { $0 == visit }
        let opened = mine.map { codes.redeem($0, for: session, now: start) }
        #expect(opened == [nil, nil])
        let still = codes.redeem(kept, for: session, now: start)
        #expect(still == other)
    }

    @Test("Codes of a version that knew no visits are not taken over")
    func withoutVisit() throws {
        let digest = [UInt8](repeating: 1, count: 32)
        let old = try JSONDecoder().decode(
            HandedEntryCode.self, from: Data(#"{"digest":\#(digest),"session":"s1","milliseconds":1000}"#.utf8))
        var codes = EntryCodes()
        codes.adopt([old], now: start)
        #expect(codes.handed(now: start) == [])
    }
}
