import Identity

/// What the seats of a host request, use, and are expected to need.
public struct HostUse: Hashable, Sendable {
    public var policy: DensityPolicy
    /// The sum of what the labs of its seats request; in bytes.
    public var askedBytes: Int64
    /// The sum of their working sets at the last reading, in bytes; `nil` before the first.
    public var usedBytes: Int64?
    /// What these seats are charged, or would be charged, under `profiled`: their safely expected use.
    public var safeBytes: Int64
    /// CPU use of all its labs between the last two readings, in thousandths of a CPU; `nil` before the second.
    public var cpuMillis: Int64?
    /// Whether its labs use so much memory that it takes no new sessions.
    public var isStrained: Bool
}

/// A lab's profile in numbers.
public struct LabUse: Hashable, Sendable {
    /// Sessions that were observed.
    public var sessions: Int
    /// The number of sessions from which the profile takes effect.
    public var sessionsNeeded: Int
    /// Percentiles of the sessions' peak working sets, in bytes; `nil` without any.
    public var memoryP50: Int64?
    public var memoryP95: Int64?
    /// Percentiles of the sessions' average CPU use, in thousandths; `nil` without any.
    public var cpuMillisP50: Int64?
    public var cpuMillisP95: Int64?
    /// What a seat is charged under `profiled`, in bytes.
    public var chargeBytes: Int64
}

extension BrokerCore {
    /// O(seats on the host).
    public func use(ofHost name: String) -> HostUse? {
        guard let host = record(of: name) else { return nil }
        var use = HostUse(
            policy: host.settings.policy, askedBytes: 0, usedBytes: measured.memoryBytes(on: name), safeBytes: 0,
            cpuMillis: nil, isStrained: host.settings.isStrained)
        func add(_ lab: LabKey, counting charge: Int64, isReserved: Bool) {
            let asked = self.lab(lab)?.memoryBytes ?? charge
            use.askedBytes += asked
            use.safeBytes += isReserved ? asked : measured.charges[lab] ?? asked
        }
        for entry in host.usage.sessions.compactMap({ entries[$0] }) {
            add(entry.session.lab, counting: entry.seatMemory, isReserved: entry.session.reservation != nil)
        }
        for entry in host.usage.warm.compactMap({ warm[$0] }) {
            add(entry.seat.pool, counting: entry.memory, isReserved: entry.seat.reservation != nil)
        }
        for leftover in host.usage.leftovers.compactMap({ leftovers[$0] }) {
            use.askedBytes += leftover.memory
            use.safeBytes += leftover.memory
        }
        let readings = measured.seats[name]?.values.compactMap(\.cpuMillis) ?? []
        if !readings.isEmpty { use.cpuMillis = readings.reduce(0, +) }
        return use
    }

    public func use(of lab: Lab) -> LabUse {
        let profile = measured.profiles[lab.key]
        return LabUse(
            sessions: profile?.sessions ?? 0, sessionsNeeded: catalogue.density.sessions,
            memoryP50: profile?.memoryBytes(percent: 50),
            memoryP95: profile?.memoryBytes(percent: Limits.profilePercent),
            cpuMillisP50: profile?.cpuMillis(percent: 50),
            cpuMillisP95: profile?.cpuMillis(percent: Limits.profilePercent),
            chargeBytes: measured.charges[lab.key] ?? lab.memoryBytes)
    }

    /// The measured use of a session's container; `nil` while it has none, or before the first reading.
    public func use(of id: SessionID) -> SeatUse? {
        guard let entry = entries[id], let host = entry.session.state.host else { return nil }
        return measured.seats[host]?[entry.container]
    }

    /// The containers of a host that can be measured: those whose lab is ready. Named as in `UsageSample`.
    public func measurable(on host: String) -> [(session: SessionID, epoch: Int)] {
        guard let record = record(of: host) else { return [] }
        let sessions = record.usage.sessions.compactMap { id -> Run? in
            guard let entry = entries[id], case .running = entry.session.state else { return nil }
            return entry.container
        }
        let warm = record.usage.warm.compactMap { self.warm[$0] }.filter { !$0.isStarting }.map(\.run)
        return (sessions + warm).sorted().map { ($0.session, $0.epoch) }
    }
}
