import BrokerCore
import EventLoop
import TLS

/// One-time codes that carry a learner from the portal's hostname to the lab's. In memory only: a code that a restart
/// forgot is replaced by the next click. Confined to the control loop by its owner.
struct EntryCodes {
    private struct Entry {
        var session: SessionID
        var expires: MonotonicTime
    }

    // By digest, so that what leaks from memory or a log of it opens nothing.
    private var entries: [Digest32: Entry] = [:]
    private var order: [Digest32] = []

    /// Makes a code for the session, good once and for `BrokerLimits.entryCodeLifetime`.
    mutating func mint(for session: SessionID, now: MonotonicTime) -> String {
        let code = Base64URL.encode(SecureRandom.bytes(32))
        let digest = SHA256.digest(Array(code.utf8))
        entries[digest] = Entry(session: session, expires: now + BrokerLimits.entryCodeLifetime)
        order.append(digest)
        if order.count > BrokerLimits.entryCodes {
            dropExpired(now: now)
            while order.count > BrokerLimits.entryCodes { entries[order.removeFirst()] = nil }
        }
        return code
    }

    /// Takes the code back: true once, within its time, for its own session.
    mutating func redeem(_ code: String, for session: SessionID, now: MonotonicTime) -> Bool {
        guard let entry = entries.removeValue(forKey: SHA256.digest(Array(code.utf8))) else { return false }
        return entry.session == session && now < entry.expires
    }

    /// The code is good for nothing any more.
    mutating func forget(_ code: String) { entries[SHA256.digest(Array(code.utf8))] = nil }

    /// The codes that are still good, oldest first, for the process that takes over.
    func handed(now: MonotonicTime) -> [HandedEntryCode] {
        order.compactMap { digest in
            guard let entry = entries[digest], now < entry.expires else { return nil }
            return HandedEntryCode(
                digest: digest.bytes, session: entry.session.rawValue,
                milliseconds: (entry.expires - now).wholeMilliseconds)
        }
    }

    /// Takes codes over; what is none, or has run out, is left out.
    mutating func adopt(_ codes: [HandedEntryCode], now: MonotonicTime) {
        for code in codes.suffix(BrokerLimits.entryCodes) where code.milliseconds > 0 {
            guard let digest = Digest32(code.digest) else { continue }
            let left = min(.milliseconds(code.milliseconds), BrokerLimits.entryCodeLifetime)
            entries[digest] = Entry(session: SessionID(rawValue: code.session), expires: now + left)
            order.append(digest)
        }
    }

    private mutating func dropExpired(now: MonotonicTime) {
        order.removeAll { digest in
            guard let entry = entries[digest] else { return true }
            guard entry.expires <= now else { return false }
            entries[digest] = nil
            return true
        }
    }
}

/// A one-time code on its way to the process that takes over: its digest, whose it is, and how long it is still good.
public struct HandedEntryCode: Codable, Hashable, Sendable {
    public var digest: [UInt8]
    public var session: String
    public var milliseconds: Int64
}
