/// The known hosts and where each comes from.
struct HostBook: Sendable {
    /// The hosts in the configuration.
    var listed: [String: HostSpec] = [:]
    /// Hosts that operators added. If the configuration has the same name, the configuration wins.
    var added: [String: HostEntry] = [:]
    /// Settings that operators changed.
    var adjustments: [String: HostAdjustment] = [:]
    /// The identity of the engine behind each host.
    var engines: [String: String] = [:]
    var proofs: [String: String] = [:]

    var names: Set<String> { Set(listed.keys).union(added.keys) }

    /// A host's settings without the operators' changes.
    func base(of name: String) -> HostSpec? { listed[name] ?? added[name]?.spec }

    func spec(of name: String) -> HostSpec? {
        base(of: name).map { adjustments[name]?.applied(to: $0) ?? $0 }
    }
}

/// Adding, changing and removing hosts while Carrel runs.
extension BrokerCore {
    mutating func addHost(_ entry: HostEntry, engineID: String?, at now: Timestamp) -> Answer {
        let name = entry.spec.name
        if let problem = entry.spec.problem { return .refused(.badTerms(problem)) }
        guard book.base(of: name) == nil else {
            return .refused(.notNow(.hostExists(name)))
        }
        if let engineID, let owner = owner(ofEngine: engineID, besides: name) {
            return .refused(.notNow(.engineHasHost(owner, endpoint: entry.address.endpoint)))
        }
        guard book.names.count < Limits.hosts else {
            return .refused(.limit(.hosts))
        }
        journal.keep(book)
        book.added[name] = entry
        journal.changes.append(.hostEntry(host: name, entry))
        configureHost(name, book.spec(of: name))
        seating.stale.insert(name)
        emit(.hostsChanged)
        return .done
    }

    /// Forgets added hosts that the configuration now lists.
    mutating func forgetListedEntries() {
        journal.keep(book)
        for name in book.added.keys.sorted() where book.listed[name] != nil {
            book.added[name] = nil
            journal.changes.append(.hostEntry(host: name, nil))
        }
    }

    /// - Parameters:
    ///   - isDraining: sessions on the host may stay until the drain's deadline; otherwise the host must be empty.
    ///   - deadline: as for `drain`.
    mutating func removeHost(
        _ name: String, draining isDraining: Bool, deadline: Timestamp?, at now: Timestamp
    ) -> Answer {
        if book.listed[name] != nil {
            return .refused(.notNow(.hostInConfiguration(name)))
        }
        guard var entry = book.added[name], let host = record(of: name) else { return .refused(.unknownHost(name)) }
        guard !host.usage.isEmpty else {
            forgetAddedHost(name)
            return .done
        }
        guard isDraining else {
            return .refused(.notNow(.hostHasSeats(name, taken: host.usage.seats)))
        }
        entry.isLeaving = true
        setEntry(entry)
        return drain(name, deadline: deadline, at: now)
    }

    mutating func adjustHost(
        _ name: String, to change: HostAdjustment, startingOver: Bool, at now: Timestamp
    ) -> Answer {
        guard let base = book.base(of: name) else { return .refused(.unknownHost(name)) }
        var adjustment = startingOver ? HostAdjustment() : book.adjustments[name] ?? HostAdjustment()
        adjustment.add(change)
        let spec = adjustment.applied(to: base)
        if let problem = spec.problem { return .refused(.badTerms(problem)) }
        journal.keep(book)
        book.adjustments[name] = adjustment.isEmpty ? nil : adjustment
        journal.changes.append(.hostAdjustment(host: name, book.adjustments[name]))
        configureHost(name, spec)
        seating.stale.insert(name)
        failThoseThatNeverFit(at: now)
        return .done
    }

    /// Cancels the removal of a host that returns from maintenance or is needed after all.
    mutating func keepHost(_ name: String) {
        guard var entry = book.added[name], entry.isLeaving else { return }
        entry.isLeaving = false
        setEntry(entry)
    }

    private mutating func setEntry(_ entry: HostEntry) {
        journal.keep(book)
        book.added[entry.spec.name] = entry
        journal.changes.append(.hostEntry(host: entry.spec.name, entry))
    }

    /// Forgets a host that has no seats, and everything stored about it.
    mutating func forgetAddedHost(_ name: String) {
        journal.keep(book)
        book.added[name] = nil
        book.adjustments[name] = nil
        book.engines[name] = nil
        book.proofs[name] = nil
        journal.changes.append(.hostForgotten(host: name))
        guard var settings = record(of: name)?.settings else { return }
        // A host of the same name that is added later starts afresh.
        settings.host.duty = .active
        settings.isDrainDue = false
        settings.isConfigured = false
        setHost(name, settings)
        step.touchedHosts.insert(name)
        emit(.hostsChanged)
    }

    /// Fails waiting sessions that no host can serve any more, after a host became smaller or its labels changed.
    private mutating func failThoseThatNeverFit(at now: Timestamp) {
        for id in (queue.order + cohorts.order).map(\.id) {
            guard let entry = entries[id], let lab = catalogue.labs[entry.session.lab],
                let reason = neverFits(lab, entry.learner)
            else { continue }
            fail(entry, .neverFits(reason), at: now)
        }
    }

    /// Hosts that operators added, by name.
    public var addedHosts: [HostEntry] {
        book.added.values.filter { book.listed[$0.spec.name] == nil }.sorted { $0.spec.name < $1.spec.name }
    }
}
