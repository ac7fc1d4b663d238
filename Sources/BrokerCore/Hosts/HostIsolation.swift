/// Whether a host keeps what labs are promised about the network: that a lab without egress reaches nothing outside, that a
/// lab with egress reaches no closed range, that no lab reaches another one, and that the broker reaches labs at the
/// host's publish address. No lab is placed on a host before a try-out on it has proved this.
public enum HostIsolation: Hashable, Sendable {
    /// Not tried since the host last began to answer.
    case untried
    case proved
    /// What the try-out found instead, as a sentence for operators.
    case unproved(reason: String)
}

extension BrokerCore {
    /// - Parameter mark: with `proved`, of what was proved; nil where nobody could tell later whether it still stands.
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

    /// Whether labs may be started on a host now. What is to start there, but was placed before its engine last began to
    /// answer, waits for it.
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
        let reason = "The host \(host.name) does not keep what labs are promised about the network."
        detourStarts(on: host, because: reason, at: now)
        for id in host.usage.warm.sorted() {
            guard let entry = warm[id], case .starting = entry.seat.state else { continue }
            warmIsLost(entry, at: now)
        }
    }

    /// Of what was proved on this host last, by this broker or an earlier one; nil when nothing was, or when it failed.
    public func proof(on host: String) -> String? { book.proofs[host] }

    private mutating func setProof(_ mark: String?, of name: String) {
        guard book.proofs[name] != mark else { return }
        journal.keep(book)
        book.proofs[name] = mark
        journal.changes.append(.proof(host: name, mark))
    }

    /// Why no lab is placed on a host that answers, as far as its network is the reason.
    static func isolationWords(_ isolation: HostIsolation) -> String? {
        switch isolation {
        case .proved: nil
        case .untried: "It takes no labs until a try-out has shown that they are kept apart there."
        case .unproved(let reason):
            "It takes no labs, because what they are promised about the network does not hold there: "
                + Explanations.sentence(reason)
        }
    }
}
