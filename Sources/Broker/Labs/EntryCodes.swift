import BrokerCore
import EventLoop
import Identity
import TLS

/// One-time codes that carry a learner from the portal's hostname to the lab's. In memory only: a code lost in a
/// restart is replaced by the next click. Confined to the control loop by its owner.
///
/// All codes are valid for the same time, so the oldest expires first. They form a linked list by age, from which any
/// can be removed in constant time; requesting many codes for a session evicts only codes of that session.
struct EntryCodes {
    private struct Entry {
        var session: SessionID
        var visit: Visit
        var expires: MonotonicTime
        var older: Digest32?
        var newer: Digest32?
    }

    // Keyed by digest, so that nothing leaked from memory or logs opens a lab.
    private var entries: [Digest32: Entry] = [:]
    private var oldest: Digest32?
    private var newest: Digest32?
    /// The codes of each session, oldest first.
    private var ofSession: [SessionID: [Digest32]] = [:]

    /// Issues a code for the session to the visit, valid once and for `BrokerLimits.entryCodeLifetime`.
    mutating func mint(for session: SessionID, visit: Visit, now: MonotonicTime) -> String {
        let code = Base64URL.encode(SecureRandom.bytes(32))
        dropExpired(now: now)
        add(SHA256.digest(Array(code.utf8)), for: session, visit, expires: now + BrokerLimits.entryCodeLifetime)
        return code
    }

    /// Redeems the code: once, within its lifetime, for its own session. Returns the visit that it was issued to.
    mutating func redeem(_ code: String, for session: SessionID, now: MonotonicTime) -> Visit? {
        guard let entry = remove(SHA256.digest(Array(code.utf8))), entry.session == session, now < entry.expires else {
            return nil
        }
        return entry.visit
    }

    /// Invalidates the code.
    mutating func forget(_ code: String) { remove(SHA256.digest(Array(code.utf8))) }

    /// Invalidates the codes of these visits. O(codes).
    mutating func forget(where isRevoked: (Visit) -> Bool) {
        for digest in entries.filter({ isRevoked($0.value.visit) }).keys { remove(digest) }
    }

    /// The codes that are still valid, oldest first, for the process that takes over.
    func handed(now: MonotonicTime) -> [HandedEntryCode] {
        var handed: [HandedEntryCode] = []
        var next = oldest
        while let digest = next, let entry = entries[digest] {
            next = entry.newer
            guard now < entry.expires else { continue }
            handed.append(
                HandedEntryCode(
                    digest: digest.bytes, session: entry.session.rawValue, visit: entry.visit,
                    milliseconds: (entry.expires - now).wholeMilliseconds))
        }
        return handed
    }

    /// Adopts codes from another process; skips malformed and expired ones, and those of versions before sign-outs, which
    /// name no visit.
    mutating func adopt(_ codes: [HandedEntryCode], now: MonotonicTime) {
        for code in codes.suffix(BrokerLimits.entryCodes) where code.milliseconds > 0 {
            guard let digest = Digest32(code.digest), let visit = code.visit else { continue }
            let left = min(.milliseconds(code.milliseconds), BrokerLimits.entryCodeLifetime)
            add(digest, for: SessionID(rawValue: code.session), visit, expires: now + left)
        }
    }

    // MARK: The linked list

    /// Adds the newest code. If that exceeds a limit, evicts the oldest of its session, or the oldest of all.
    private mutating func add(
        _ digest: Digest32, for session: SessionID, _ visit: Visit, expires: MonotonicTime
    ) {
        remove(digest)
        if let codes = ofSession[session], codes.count >= BrokerLimits.entryCodesPerSession { remove(codes[0]) }
        if entries.count >= BrokerLimits.entryCodes, let oldest { remove(oldest) }
        entries[digest] = Entry(session: session, visit: visit, expires: expires, older: newest, newer: nil)
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

/// A one-time code handed to the process that takes over: its digest, its session and visit, and its remaining lifetime.
public struct HandedEntryCode: Codable, Hashable, Sendable {
    public var digest: [UInt8]
    public var session: String
    /// `nil` from versions before sign-outs.
    public var visit: Visit?
    public var milliseconds: Int64
}
