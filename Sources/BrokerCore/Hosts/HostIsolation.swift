/// Whether a host keeps the network promises made to labs: a lab without egress reaches nothing outside, a lab with
/// egress reaches no closed range, no lab reaches another one, and the broker reaches labs at the host's publish
/// address. No lab is placed on a host until a try-out there has proved this.
public enum HostIsolation: Hashable, Sendable {
    /// Not tried since the host last became reachable.
    case untried
    case proved
    /// What the try-out found instead, as a sentence for operators.
    case unproved(reason: String)
}

extension BrokerCore {
    /// - Parameter mark: identifies what was proved; `nil` if it could not be checked later whether the proof still
    ///   holds.
    mutating func hostTried(_ name: String, _ isolation: HostIsolation, mark: String?, at now: Timestamp) {
        guard let host = record(of: name) else { return }
        var settings = host.settings
        settings.isolation = isolation
        setHost(name, settings)
        setProof(isolation == .proved ? mark : nil, of: name)
        switch isolation {
        case .untried: break
        case .proved:
            if host.settings.isolation != .proved { goOnStarting(on: host) }
        case .unproved: giveUpStarting(on: host, at: now)
        }
    }

    /// Whether labs may be started on a host now. Sessions that were placed there before its engine last became
    /// reachable wait for this.
    func isProved(_ host: String) -> Bool { record(of: host)?.settings.isolation == .proved }

    private mutating func goOnStarting(on host: HostRecord) {
        guard host.isReachable else { return }
        for id in host.usage.sessions.sorted() {
            guard let session = entries[id]?.session, case .starting = session.state else { continue }
            emit(.start(id, epoch: session.epoch, host: host.name))
        }
        for id in host.usage.warm.sorted() {
            guard let seat = warm[id]?.seat, case .starting = seat.state else { continue }
            emit(.start(seat.id.run, epoch: 0, host: host.name))
        }
    }

    private mutating func giveUpStarting(on host: HostRecord, at now: Timestamp) {
        detourStarts(on: host, because: .hostUnproved(host.name), at: now)
        for id in host.usage.warm.sorted() {
            guard let entry = warm[id], case .starting = entry.seat.state else { continue }
            warmIsLost(entry, at: now)
        }
    }

    /// The mark of the last proof on this host, by this broker or an earlier one; `nil` if there was none or the
    /// try-out failed.
    public func proof(on host: String) -> String? { book.proofs[host] }

    private mutating func setProof(_ mark: String?, of name: String) {
        guard book.proofs[name] != mark else { return }
        journal.keep(book)
        book.proofs[name] = mark
        journal.changes.append(.proof(host: name, mark))
    }

    /// Why no lab is placed on a host that answers, if the reason is its network.
    static func note(on isolation: HostIsolation) -> HostNote? {
        switch isolation {
        case .proved: nil
        case .untried: .untried
        case .unproved(let reason): .unproved(reason: reason)
        }
    }
}
