import EventLoop

/// How long a connection of HTTP/2 lives, as a whole: streams have their own deadlines. Pure: what happens and the time go
/// in, what to do comes out.
struct HTTP2ConnectionLife: Equatable {
    enum Verdict: Equatable {
        case goOn
        /// Say which stream was the last.
        case announceEnd
        case end
        case fail(HTTP2Fault)
    }

    private enum Phase: Equatable {
        /// The client's SETTINGS are awaited.
        case preface(until: MonotonicTime)
        case open
        /// The end was announced, and the client's answer is awaited.
        case leaving(until: MonotonicTime)
        /// The last stream is fixed.
        case last
    }

    /// Streams under way.
    var streams = 0
    private let timeouts: ServerTimeouts
    private var phase: Phase
    private var idleUntil: MonotonicTime
    /// A header block has begun, and nothing else can come before its end.
    private var blockUntil: MonotonicTime?
    private var stall: ServerExchange.Stall?

    init(at now: MonotonicTime, timeouts: ServerTimeouts) {
        self.timeouts = timeouts
        phase = .preface(until: now + timeouts.head)
        idleUntil = now + timeouts.idle
    }

    /// When `timeCame` is due, if nothing happens before.
    var deadline: MonotonicTime? {
        var earliest = streams == 0 ? idleUntil : MonotonicTime(nanoseconds: .max)
        switch phase {
        case .preface(let until), .leaving(let until): earliest = min(earliest, until)
        case .open, .last: break
        }
        if let blockUntil { earliest = min(earliest, blockUntil) }
        if let stall { earliest = min(earliest, stall.until) }
        return earliest.nanoseconds == .max ? nil : earliest
    }

    /// Nothing is under way, and nothing will begin.
    var isOver: Bool { phase == .last && streams == 0 }

    mutating func receivedSettings() {
        if case .preface = phase { phase = .open }
    }

    mutating func streamsLeft(_ count: Int, at now: MonotonicTime) {
        streams = count
        if count == 0 { idleUntil = now + timeouts.idle }
    }

    mutating func blockBegan(at now: MonotonicTime) { blockUntil = now + timeouts.head }
    mutating func blockEnded() { blockUntil = nil }

    /// Bytes are written to the channel: so many waited there before, and wait now.
    mutating func note(before: Int, after: Int, at now: MonotonicTime) {
        stall = .after(stall, before: before, after: after, at: now, timeouts)
    }

    /// Whether the end is to be announced.
    mutating func goAway(at now: MonotonicTime) -> Bool {
        switch phase {
        case .preface, .open:
            phase = .leaving(until: now + TransportLimits.goAwayNoticeTimeout)
            return true
        case .leaving, .last:
            return false
        }
    }

    /// The client has answered the announcement: whatever it sent before is here.
    mutating func receivedAnswer() -> Verdict {
        guard case .leaving = phase else { return .goOn }
        phase = .last
        return .announceEnd
    }

    mutating func timeCame(queued: Int, at now: MonotonicTime) -> Verdict {
        if let stall, stall.until <= now {
            note(before: queued, after: queued, at: now)
            if let after = self.stall, after.until <= now { return .fail(.writeTimeout) }
        }
        if let blockUntil, blockUntil <= now { return .fail(.headTimeout) }
        switch phase {
        case .preface(let until) where until <= now: return .fail(.headTimeout)
        case .leaving(let until) where until <= now: return receivedAnswer()
        case .preface, .open, .leaving, .last: break
        }
        guard streams == 0, idleUntil <= now else { return .goOn }
        phase = .last
        return .end
    }
}
