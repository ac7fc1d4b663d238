/// Labs that reach their memory limit.
extension BrokerCore {
    /// The system stopped a process in a running lab: its learner reads why, and what helps.
    mutating func processKilled(_ id: SessionID, epoch: Int, at now: Timestamp) {
        guard var entry = current(id, epoch), case .running(let host, _, _) = entry.session.state,
            let lab = lab(entry.session.lab)
        else { return }
        // A time in the future means that the clock was set back.
        if let told = entry.memoryToldAt, told <= now, now - told < Limits.memoryNoteInterval { return }
        entry.memoryToldAt = now
        set(id, entry)
        note(entry.session, at: now, host: host, reason: Explanations.outOfMemory(lab))
        markChanged(id)
    }

    /// When a process in a running lab was last stopped for want of memory, as far as its learner was told.
    public func memoryWarnedAt(_ id: SessionID) -> Timestamp? {
        guard let entry = entries[id], case .running = entry.session.state else { return nil }
        return entry.memoryToldAt
    }

    /// A lab runs, as far as is known, on a host that has not answered for a while.
    public func isOutOfReach(_ id: SessionID) -> Bool {
        guard let entry = entries[id], case .running(let host, _, _) = entry.session.state,
            case .unreachable? = record(of: host)?.settings.host.link
        else { return false }
        return true
    }
}
