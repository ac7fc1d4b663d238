/// Drains several hosts in sequence, so that a limited number of them is out of service at any time.
///
/// A member is out of service from the start of its drain until it is uncordoned after its maintenance. A member that
/// is cordoned, lost or silent before its turn is out of service too. Persistent.
public struct RollingDrain: Hashable, Sendable {
    public enum Phase: String, Hashable, Sendable, Codable, CaseIterable {
        /// Its turn has not come.
        case waiting
        /// Its drain has begun, and it has not been uncordoned since.
        case begun
        /// It is back in service, or was removed from the rolling drain.
        case done
    }

    public struct Member: Hashable, Sendable {
        public var host: String
        public var phase: Phase

        public init(host: String, phase: Phase) {
            self.host = host
            self.phase = phase
        }
    }

    /// In the order of their turns.
    public var members: [Member]
    /// How many members may be out of service at the same time; at least 1.
    public var maximumUnavailable: Int
    /// The time from the start of a member's drain to its deadline.
    public var span: Duration

    public init(members: [Member], maximumUnavailable: Int, span: Duration) {
        self.members = members
        self.maximumUnavailable = maximumUnavailable
        self.span = span
    }

    public func phase(of host: String) -> Phase? { members.first { $0.host == host }?.phase }

    mutating func set(_ phase: Phase, of host: String) {
        for index in members.indices where members[index].host == host { members[index].phase = phase }
    }

    var isOver: Bool { members.allSatisfy { $0.phase == .done } }
}

extension BrokerCore {
    mutating func beginRollingDrain(
        of names: [String], maximumUnavailable: Int, span: Duration, at now: Timestamp
    ) -> Answer {
        if let rolling {
            let left = rolling.members.filter { $0.phase != .done }.map(\.host)
            return .refused(.notNow(.rollingDrainUnderWay(left: left)))
        }
        guard !names.isEmpty, Set(names).count == names.count, maximumUnavailable >= 1, span >= .zero else {
            return .refused(.badTerms(.rollingDrainHosts))
        }
        for name in names {
            guard let host = record(of: name), host.settings.isConfigured else { return .refused(.unknownHost(name)) }
            if host.settings.isLost {
                return .refused(.notNow(.memberLost(name)))
            }
        }
        let members = names.map { name -> RollingDrain.Member in
            switch record(of: name)?.settings.host.duty {
            case .draining, .drained: RollingDrain.Member(host: name, phase: .begun)
            case .active, .cordoned, .lost, nil: RollingDrain.Member(host: name, phase: .waiting)
            }
        }
        setRolling(RollingDrain(members: members, maximumUnavailable: maximumUnavailable, span: span))
        return .done
    }

    /// Called when an operator uncordons a host: its maintenance is over, or it is to be left out.
    mutating func leaveRollingDrain(_ name: String) {
        guard var rolling, let phase = rolling.phase(of: name), phase != .done else { return }
        rolling.set(.done, of: name)
        setRolling(rolling.isOver ? nil : rolling)
    }

    /// Starts the next member's drain if a change of hosts allows it.
    /// - Returns: whether another drain has begun.
    @discardableResult
    mutating func advanceRollingDrain(at now: Timestamp) -> Bool {
        guard catalogue.isConfigured, rolling != nil, !step.touchedHosts.isEmpty else { return false }
        var hasBegun = false
        for member in rolling?.members ?? [] where record(of: member.host)?.settings.isConfigured != true {
            leaveRollingDrain(member.host)
        }
        while var rolling, let next = nextMember(of: rolling) {
            rolling.set(.begun, of: next)
            setRolling(rolling)
            _ = drain(next, deadline: now + rolling.span, at: now)
            hasBegun = true
        }
        return hasBegun
    }

    /// The first waiting member, if one more may be out of service.
    func nextMember(of rolling: RollingDrain) -> String? {
        rolling.members.first { member in
            guard member.phase == .waiting else { return false }
            // A member that the operator has already cordoned does not add to the number.
            let host = record(of: member.host)?.settings.host
            if host?.duty == .cordoned { return true }
            // After a restart no host has answered yet.
            if host?.link == .connecting { return false }
            let others = rolling.members.count { $0.host != member.host && isOutOfService($0) }
            return others < rolling.maximumUnavailable
        }?.host
    }

    /// Re-evaluates the rolling drain when its turns may have changed although no host did: when members change phase,
    /// after a restart, with a new configuration.
    mutating func lookAtRollingDrain() {
        step.touchedHosts.formUnion(rolling?.members.map(\.host) ?? [])
    }

    private func isOutOfService(_ member: RollingDrain.Member) -> Bool {
        if member.phase == .begun { return true }
        guard let host = record(of: member.host), member.phase == .waiting else { return false }
        switch host.settings.host.link {
        case .reachable, .silent: return host.settings.host.duty != .active
        case .connecting, .unreachable, .duplicate: return true
        }
    }

    private mutating func setRolling(_ new: RollingDrain?) {
        journal.keep(rolling: rolling)
        rolling = new
        journal.changes.append(.rollingDrain(new))
        // A waiting member that was removed may have blocked another's turn, although the host itself has not changed.
        lookAtRollingDrain()
    }

    /// What the rolling drain means for a host.
    func rollingNote(on host: HostRecord) -> HostNote? {
        guard let rolling, let phase = rolling.phase(of: host.name) else { return nil }
        switch (phase, host.settings.host.duty) {
        case (.waiting, _):
            return .drainedInTurn(members: rolling.members.count, maximumUnavailable: rolling.maximumUnavailable)
        case (.begun, .drained) where rolling.members.contains { $0.phase == .waiting }:
            return .nextDrainWaits
        case (.begun, _), (.done, _):
            return nil
        }
    }
}
