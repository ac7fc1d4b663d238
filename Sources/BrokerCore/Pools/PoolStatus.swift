import Identity

/// The state of a pool as operators see it.
public struct PoolStatus: Hashable, Sendable {
    public var key: LabKey
    /// The pool in force.
    public var spec: PoolSpec
    /// Whether an operator has overridden what the configuration says, if it says anything.
    public var isSet: Bool
    /// The current target of unclaimed seats, between minimum and maximum.
    public var wanted: Int
    public var ready: Int
    public var starting: Int
    /// Warm seats by host.
    public var hosts: [String: Int]
    /// After a failed start, when the next one is tried.
    public var retryAt: Timestamp?
    /// Why it has fewer seats than its target, unless the shortfall is only momentary.
    public var shortage: PoolShortage?
}

extension BrokerCore {
    /// The pools of the configuration and those that operators have set, by name.
    public func poolStatuses(at now: Timestamp) -> [PoolStatus] {
        poolKeys.compactMap { key in
            guard let spec = poolSpec(of: key) else { return nil }
            let seats = warm.byPool[key, default: []].compactMap { warm[$0] }
            let starting = seats.count(where: \.isStarting)
            var status = PoolStatus(
                key: key, spec: spec, isSet: warm.overrides[key] != nil, wanted: wanted(spec, at: now),
                ready: seats.count - starting, starting: starting,
                hosts: Dictionary(seats.map { ($0.seat.host, 1) }, uniquingKeysWith: +), retryAt: warm.retryAt[key])
            if seats.count < status.wanted || !catalogue.knows(key.portal) { status.shortage = shortage(of: key) }
            return status
        }
    }

    private func shortage(of key: LabKey) -> PoolShortage? {
        if let problem = catalogue.problem(with: key.portal) { return .unknownPortal(problem) }
        guard let lab = catalogue.labs[key] else { return .unknownLab(key.name) }
        let open = hosts.filter(\.takesSeats)
        if open.isEmpty { return .noHost }
        if lab.files == .home, !open.contains(where: { $0.settings.attachment == .possible }) {
            let why = open.lazy.compactMap { host -> String? in
                switch host.settings.attachment {
                case .impossible(let reason), .interrupted(let reason): return reason
                case .possible, nil: return nil
                }
            }.first
            return .noAttachment(reason: why)
        }
        if queueLength > 0 { return .othersFirst }
        if warm.retryAt[key] != nil { return .startFailed }
        return nil
    }

    /// All unclaimed warm seats, unordered.
    public var warmSeats: some Collection<WarmSeat> { warm.entries.values.lazy.map(\.seat) }

    public func warmSeat(_ id: WarmSeatID) -> WarmSeat? { warm[id]?.seat }
}
