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

    private mutating func dropExpired(now: MonotonicTime) {
        order.removeAll { digest in
            guard let entry = entries[digest] else { return true }
            guard entry.expires <= now else { return false }
            entries[digest] = nil
            return true
        }
    }
}
