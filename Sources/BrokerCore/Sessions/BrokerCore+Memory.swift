/// Labs that reach their memory limit.
extension BrokerCore {
    /// The system killed a process in a running lab: its learner is told why, and what helps.
    mutating func processKilled(_ id: SessionID, epoch: Int, at now: Timestamp) {
        guard var entry = current(id, epoch), case .running(let host, _, _) = entry.session.state,
            let lab = lab(entry.session.lab)
        else { return }
        // A time in the future means that the clock was set back.
        if let told = entry.memoryToldAt, told <= now, now - told < Limits.memoryNoteInterval { return }
        entry.memoryToldAt = now
        set(id, entry)
        note(entry.session, at: now, host: host, reason: .outOfMemory(limit: lab.memoryBytes))
        markChanged(id)
    }

    /// When the learner was last told that a process in a running lab was killed for lack of memory.
    public func memoryWarnedAt(_ id: SessionID) -> Timestamp? {
        guard let entry = entries[id], case .running = entry.session.state else { return nil }
        return entry.memoryToldAt
    }

    /// Whether a lab is running, as far as is known, on a host that is unreachable.
    public func isOutOfReach(_ id: SessionID) -> Bool {
        guard let entry = entries[id], case .running(let host, _, _) = entry.session.state,
            case .unreachable? = record(of: host)?.settings.host.link
        else { return false }
        return true
    }
}
