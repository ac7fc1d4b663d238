import EventLoop

/// The lifetime of an HTTP/2 connection as a whole; streams have their own deadlines. Pure: events and the time go in,
/// verdicts come out.
struct HTTP2ConnectionLife: Equatable {
    enum Verdict: Equatable {
        case goOn
        /// Send the final GOAWAY, which names the last stream.
        case announceEnd
        case end
        case fail(HTTP2Fault)
    }

    private enum Phase: Equatable {
        /// Waiting for the client's SETTINGS.
        case preface(until: MonotonicTime)
        case open
        /// The shutdown notice (GOAWAY) was sent, and its PING is not yet acknowledged.
        case leaving(until: MonotonicTime)
        /// The last stream is fixed.
        case last
    }

    /// Streams in progress.
    var streams = 0
    private let timeouts: ServerTimeouts
    private var phase: Phase
    private var idleUntil: MonotonicTime
    /// Set while a header block is incomplete: no other frame may come before its end.
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

    /// Whether no stream is in progress and none can begin.
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

    /// Notes a write to the channel, with the number of queued bytes before and after it.
    mutating func note(before: Int, after: Int, at now: MonotonicTime) {
        stall = .after(stall, before: before, after: after, at: now, timeouts)
    }

    /// Whether the shutdown should be announced now.
    mutating func goAway(at now: MonotonicTime) -> Bool {
        switch phase {
        case .preface, .open:
            phase = .leaving(until: now + TransportLimits.goAwayNoticeTimeout)
            return true
        case .leaving, .last:
            return false
        }
    }

    /// Called when the client has acknowledged the notice: all streams that it began before are known.
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
