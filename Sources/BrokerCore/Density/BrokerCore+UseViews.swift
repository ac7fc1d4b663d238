/// What the seats of a host ask, use, and can be expected to need.
public struct HostUse: Hashable, Sendable {
    public var policy: DensityPolicy
    /// What the labs of its seats ask, together; in bytes.
    public var askedBytes: Int64
    /// Their working sets when they were last measured; `nil` before that.
    public var usedBytes: Int64?
    /// What these seats count for, or would count for, under `profiled`: what is safe to expect of them.
    public var safeBytes: Int64
    /// Of all its labs, between the last two readings, in thousandths of a CPU; `nil` before.
    public var cpuMillis: Int64?
    /// Its labs use so much that it takes nobody new.
    public var isStrained: Bool
}

/// A lab's profile in numbers.
public struct LabUse: Hashable, Sendable {
    /// Sessions that were observed.
    public var sessions: Int
    /// From how many on the profile counts.
    public var sessionsNeeded: Int
    /// The peaks of sessions' working sets, in bytes; `nil` without any.
    public var memoryP50: Int64?
    public var memoryP95: Int64?
    /// The averages of sessions' CPU, in thousandths; `nil` without any.
    public var cpuMillisP50: Int64?
    public var cpuMillisP95: Int64?
    /// What a seat counts for under `profiled`, in bytes.
    public var chargeBytes: Int64
}

extension BrokerCore {
    /// O(seats on the host).
    public func use(ofHost name: String) -> HostUse? {
        guard let host = record(of: name) else { return nil }
        var use = HostUse(
            policy: host.settings.policy, askedBytes: 0, usedBytes: measured.memoryBytes(on: name), safeBytes: 0,
            cpuMillis: nil, isStrained: host.settings.isStrained)
        func add(_ lab: String, counting charge: Int64, isReserved: Bool) {
            let asked = self.lab(lab)?.memoryBytes ?? charge
            use.askedBytes += asked
            use.safeBytes += isReserved ? asked : measured.charges[lab] ?? asked
        }
        for entry in host.usage.sessions.compactMap({ entries[$0] }) {
            add(entry.session.lab, counting: entry.seatMemory, isReserved: entry.session.reservation != nil)
        }
        for entry in host.usage.warm.compactMap({ warm[$0] }) {
            add(entry.seat.pool.lab, counting: entry.memory, isReserved: entry.seat.reservation != nil)
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
        let profile = measured.profiles[lab.name]
        return LabUse(
            sessions: profile?.sessions ?? 0, sessionsNeeded: catalogue.density.sessions,
            memoryP50: profile?.memoryBytes(percent: 50),
            memoryP95: profile?.memoryBytes(percent: Limits.profilePercent),
            cpuMillisP50: profile?.cpuMillis(percent: 50),
            cpuMillisP95: profile?.cpuMillis(percent: Limits.profilePercent),
            chargeBytes: measured.charges[lab.name] ?? lab.memoryBytes)
    }

    /// What a session's container was measured to use; `nil` while it has none, or before the first reading.
    public func use(of id: SessionID) -> SeatUse? {
        guard let entry = entries[id], let host = entry.session.state.host else { return nil }
        return measured.seats[host]?[entry.container]
    }

    /// The containers of a host that can be measured: of labs that answer. Named as in `UsageSample`.
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
