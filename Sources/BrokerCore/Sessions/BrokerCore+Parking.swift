/// Parking: the run is over and its seat free, but the session is kept, and the learner's next visit starts a new run.
extension BrokerCore {
    /// Whether a session that becomes idle is parked rather than ended: its lab is in the catalogue and parks, its
    /// files outlive the container, and there is a parking place left. A session with an announced end is not parked,
    /// because it must not come back on its own.
    func parks(_ entry: Entry, _ lab: Lab) -> Bool {
        entry.session.stay.announcedEnd == nil && obstacleToParking(lab) == nil
    }

    private func obstacleToParking(_ lab: Lab) -> ParkingObstacle? {
        guard lab.files == .home else { return .noHome(lab: lab.name) }
        guard catalogue.labs[lab.key] != nil else { return .labRemoved(lab: lab.name) }
        guard lab.parksFor > .zero else { return .labDoesNotPark(lab: lab.name) }
        guard parkedCount < parkingPlaces else { return .noPlace(places: parkingPlaces) }
        return nil
    }

    mutating func beginParking(
        _ entry: Entry, reason: ParkReason, evidence: IdleEvidence? = nil, at now: Timestamp
    ) {
        guard let host = entry.session.state.host else { return }
        leave(
            entry, on: host, as: .parking(host: host, reason: reason, since: now), because: .parks(reason, evidence),
            at: now)
    }

    // MARK: Requests

    mutating func park(_ id: SessionID, note: String, at now: Timestamp) -> Answer {
        guard let entry = entries[id] else { return .refused(.unknownSession(id)) }
        switch entry.session.state {
        case .parking, .parked:
            return .session(id)
        case .running:
            guard let lab = lab(entry.session.lab) else { return .refused(.unknownLab(entry.session.lab)) }
            if let obstacle = obstacleToParking(lab) {
                return .refused(.notNow(.cannotPark(id, obstacle)))
            }
            beginParking(entry, reason: .operatorParked(note: note), at: now)
            return .session(id)
        case .queued, .starting, .ending, .ended, .failed:
            return .refused(.notNow(.notRunningToPark(id, entry.session.state.code)))
        }
    }

    /// Handles a visit to the session's hostname: a parked or parking session comes back. An ended one does not; that
    /// takes *Start again*.
    mutating func resume(_ id: SessionID, at now: Timestamp) -> Answer {
        guard let entry = entries[id] else { return .refused(.unknownSession(id)) }
        switch entry.session.state {
        case .parking, .parked: return revive(entry, at: now)
        case .queued, .starting, .running, .ending, .ended, .failed: return .session(id)
        }
    }

    /// Ends a session that is being parked; the removal of its container is in progress already.
    mutating func endParking(_ old: Entry, on host: String, reason: EndReason, at now: Timestamp) {
        var entry = old
        entry.session.state = .ending(host: host, reason: reason, since: now)
        store(entry, at: now, because: .ends(reason, nil))
    }

    // MARK: The end

    /// When a parked session ends if its learner does not return; `nil` until the configuration is known.
    func parkedEnd(of entry: Entry, since: Timestamp) -> Timestamp? {
        guard let lab = catalogue.labs[entry.session.lab], lab.files == .home else {
            return catalogue.isConfigured ? since : nil
        }
        return since + lab.parksFor
    }

    mutating func lookAtParked(_ old: Entry, since: Timestamp, at now: Timestamp) {
        endUnlessResumable(old.session.id, at: now)
        guard case .parked? = entries[old.session.id]?.session.state else { return }
        guard let end = parkedEnd(of: old, since: since), end <= now else {
            var entry = old
            entry.wake = parkedEnd(of: old, since: since)
            return set(entry.session.id, entry)
        }
        beginEnding(old, reason: parkedReason(since: since, until: now), at: now)
    }

    /// Ends a parked session that could no longer be resumed as it was, so that its learner learns of it now rather
    /// than at the next visit.
    mutating func endUnlessResumable(_ id: SessionID, at now: Timestamp) {
        guard let entry = entries[id], case .parked = entry.session.state else { return }
        if catalogue.isConfigured, catalogue.labs[entry.session.lab] == nil {
            beginEnding(entry, reason: .removed(entry.session.lab), at: now)
        } else if !sharedHomes, let home = homes[entry.learner], isLost(home) {
            beginEnding(entry, reason: .lost(host: home), at: now)
        }
    }

    /// Ends the parked sessions whose files are on a host that was lost.
    mutating func endParked(withHomesOn host: String, at now: Timestamp) {
        for id in parkedSessions(withHomesOn: host) {
            if let entry = entries[id] { beginEnding(entry, reason: .lost(host: host), at: now) }
        }
    }

    // MARK: Views

    /// Parked sessions whose files are on this host, so that they can only resume there; sorted. O(sessions).
    public func parkedSessions(withHomesOn host: String) -> [SessionID] {
        guard !sharedHomes, parkedCount > 0 else { return [] }
        return entries.values.filter { entry in
            guard case .parked = entry.session.state else { return false }
            return homes[entry.learner] == host
        }.map(\.session.id).sorted()
    }

    /// How long a parked session is kept.
    public func parkedUntil(_ id: SessionID) -> Timestamp? {
        guard let entry = entries[id], case .parked(_, let since) = entry.session.state else { return nil }
        return parkedEnd(of: entry, since: since)
    }

    /// How long a running session is parked once it is idle; `nil` if it ends instead.
    public func parksFor(_ id: SessionID) -> Duration? {
        guard let entry = entries[id], let lab = lab(entry.session.lab), parks(entry, lab) else { return nil }
        return lab.parksFor
    }

    /// Where its files are, if only one host has them, and what that host's state means for it.
    func homePlace(of entry: Entry) -> HomePlace? {
        guard let bound = boundHost(of: entry.learner, for: entry.session.lab) else { return nil }
        guard let host = record(of: bound), host.settings.isConfigured else { return .forgotten(host: bound) }
        guard host.settings.host.duty == .active, host.isReachable else {
            return .closed(host: bound, host.settings.host.state)
        }
        return .open(host: bound)
    }
}
