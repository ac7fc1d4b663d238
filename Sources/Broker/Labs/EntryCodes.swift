import BrokerCore
import EventLoop
import TLS

/// One-time codes that carry a learner from the portal's hostname to the lab's. In memory only: a code that a restart
/// forgot is replaced by the next click. Confined to the control loop by its owner.
///
/// All codes are good for equally long, so the oldest runs out first. They stand in a chain by age, out of which any of
/// them is taken in constant time; whoever asks for many drives out none but those of the same session.
struct EntryCodes {
    private struct Entry {
        var session: SessionID
        var expires: MonotonicTime
        var older: Digest32?
        var newer: Digest32?
    }

    // By digest, so that what leaks from memory or a log of it opens nothing.
    private var entries: [Digest32: Entry] = [:]
    private var oldest: Digest32?
    private var newest: Digest32?
    /// The codes of each session, oldest first.
    private var ofSession: [SessionID: [Digest32]] = [:]

    /// Makes a code for the session, good once and for `BrokerLimits.entryCodeLifetime`.
    mutating func mint(for session: SessionID, now: MonotonicTime) -> String {
        let code = Base64URL.encode(SecureRandom.bytes(32))
        dropExpired(now: now)
        add(SHA256.digest(Array(code.utf8)), for: session, expires: now + BrokerLimits.entryCodeLifetime)
        return code
    }

    /// Takes the code back: true once, within its time, for its own session.
    mutating func redeem(_ code: String, for session: SessionID, now: MonotonicTime) -> Bool {
        guard let entry = remove(SHA256.digest(Array(code.utf8))) else { return false }
        return entry.session == session && now < entry.expires
    }

    /// The code is good for nothing any more.
    mutating func forget(_ code: String) { remove(SHA256.digest(Array(code.utf8))) }

    /// The codes that are still good, oldest first, for the process that takes over.
    func handed(now: MonotonicTime) -> [HandedEntryCode] {
        var handed: [HandedEntryCode] = []
        var next = oldest
        while let digest = next, let entry = entries[digest] {
            next = entry.newer
            guard now < entry.expires else { continue }
            handed.append(
                HandedEntryCode(
                    digest: digest.bytes, session: entry.session.rawValue,
                    milliseconds: (entry.expires - now).wholeMilliseconds))
        }
        return handed
    }

    /// Takes codes over; what is none, or has run out, is left out.
    mutating func adopt(_ codes: [HandedEntryCode], now: MonotonicTime) {
        for code in codes.suffix(BrokerLimits.entryCodes) where code.milliseconds > 0 {
            guard let digest = Digest32(code.digest) else { continue }
            let left = min(.milliseconds(code.milliseconds), BrokerLimits.entryCodeLifetime)
            add(digest, for: SessionID(rawValue: code.session), expires: now + left)
        }
    }

    // MARK: The chain

    /// Adds the newest code. Where there would be too many, the oldest of its session goes, or the oldest of all.
    private mutating func add(_ digest: Digest32, for session: SessionID, expires: MonotonicTime) {
        remove(digest)
        if let codes = ofSession[session], codes.count >= BrokerLimits.entryCodesPerSession { remove(codes[0]) }
        if entries.count >= BrokerLimits.entryCodes, let oldest { remove(oldest) }
        entries[digest] = Entry(session: session, expires: expires, older: newest, newer: nil)
        if let newest { entries[newest]?.newer = digest } else { oldest = digest }
        newest = digest
        ofSession[session, default: []].append(digest)
    }

    @discardableResult
    private mutating func remove(_ digest: Digest32) -> Entry? {
        guard let entry = entries.removeValue(forKey: digest) else { return nil }
        if let older = entry.older { entries[older]?.newer = entry.newer } else { oldest = entry.newer }
        if let newer = entry.newer { entries[newer]?.older = entry.older } else { newest = entry.older }
        ofSession[entry.session]?.removeAll { $0 == digest }
        if ofSession[entry.session]?.isEmpty == true { ofSession[entry.session] = nil }
        return entry
    }

    private mutating func dropExpired(now: MonotonicTime) {
        while let oldest, let entry = entries[oldest], entry.expires <= now { remove(oldest) }
    }
}

/// A one-time code on its way to the process that takes over: its digest, whose it is, and how long it is still good.
public struct HandedEntryCode: Codable, Hashable, Sendable {
    public var digest: [UInt8]
    public var session: String
    public var milliseconds: Int64
}
