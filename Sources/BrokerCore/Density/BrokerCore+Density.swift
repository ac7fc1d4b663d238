import Identity

/// Density by measured use: samples, the profiles of labs, and what a seat is charged.
extension BrokerCore {
    // MARK: What a seat counts for

    /// The demand of a session of this lab without a reservation. A reserved seat is always charged what its lab
    /// requests, so that a promise holds however the profile grows.
    func demand(of lab: Lab) -> Demand {
        var demand = lab.demand
        if let charge = measured.charges[lab.key] { demand.profiled = charge }
        return demand
    }

    /// All distinct demands for which placement tracks the hosts' offers.
    var demands: Set<Demand> {
        Set(catalogue.labs.values.map(\.demand)).union(catalogue.labs.values.map { demand(of: $0) })
    }

    /// The bytes charged for this session's seat on this host, from now until the seat is freed.
    func charge(for session: Session, _ lab: Lab, on host: String) -> Int64 {
        guard session.reservation == nil, let record = record(of: host) else { return lab.memoryBytes }
        return record.charge(demand(of: lab))
    }

    /// Recomputes all charges after the catalogue or all profiles have changed.
    mutating func settleCharges() {
        measured.charges = measured.charges.filter { catalogue.labs[$0.key] != nil }
        for name in catalogue.labs.keys { settleCharge(of: name) }
    }

    /// Recomputes the charge of one lab after its profile has changed.
    private mutating func settleCharge(of key: LabKey) {
        guard let lab = catalogue.labs[key] else { return }
        let charge = catalogue.density.charge(asked: lab.memoryBytes, by: measured.profiles[key])
        let profiled = charge < lab.memoryBytes ? charge : nil
        guard measured.charges[key] != profiled else { return }
        measured.charges[key] = profiled
        isOrderOld = true
        step.mayPlace = true
    }

    // MARK: Samples

    /// Applies a round of readings of a host. Containers that are not among them keep their last reading while they
    /// have a seat.
    mutating func usageSampled(_ host: String, _ samples: [UsageSample], at now: Timestamp) {
        guard let record = record(of: host) else { return }
        let there = Set(runs(on: record))
        var seats = (measured.seats[host] ?? [:]).filter { there.contains($0.key) }
        for sample in samples {
            let run = Run(session: sample.session, epoch: sample.epoch)
            guard there.contains(run) else { continue }
            if var use = seats[run] {
                use.add(sample)
                seats[run] = use
            } else {
                seats[run] = SeatUse(sample)
            }
        }
        measured.seats[host] = seats
        settleStrain(of: host)
        writeProfiles(at: now)
    }

    /// The containers of the seats of a host, except those that are being removed while their session continues.
    private func runs(on host: HostRecord) -> [Run] {
        host.usage.sessions.compactMap { entries[$0]?.container } + host.usage.warm.compactMap { warm[$0]?.run }
    }

    /// When a session leaves its seat, adds its measured use to its lab's profile, if it was measured often enough.
    mutating func observe(_ entry: Entry, leaving host: String) {
        guard let use = measured.seats[host]?.removeValue(forKey: entry.container),
            use.samples >= Limits.samplesOfSession
        else { return }
        let lab = entry.session.lab
        guard measured.profiles[lab] != nil || measured.profiles.count < Limits.profiles else { return }
        measured.profiles[lab, default: UsageProfile()]
            .observe(peakMemory: use.peakMemoryBytes, cpuMillis: use.averageCPUMillis)
        measured.unwritten.insert(lab)
        settleCharge(of: lab)
    }

    /// Profiles are not written at every observation: what a crash loses is learned again.
    private mutating func writeProfiles(at now: Timestamp) {
        if let written = measured.writtenAt, written <= now, now - written < Limits.profileWriteInterval { return }
        guard !measured.unwritten.isEmpty else { return }
        measured.writtenAt = now
        for lab in measured.unwritten.sorted() {
            guard let profile = measured.profiles[lab] else { continue }
            journal.changes.append(.profile(lab, profile))
        }
        measured.unwritten = []
    }

    /// Marks the profiles whose writes were rolled back as unwritten again.
    mutating func rollBackProfiles(_ lost: Journal) {
        for case .profile(let lab, _) in lost.changes {
            measured.unwritten.insert(lab)
            measured.writtenAt = nil
        }
    }

    // MARK: The safety valve

    /// Under `profiled`, a host whose labs use nearly all of its memory takes no new sessions but reserved ones until
    /// their use has clearly dropped.
    mutating func settleStrain(of name: String) {
        guard let host = record(of: name) else { return }
        var settings = host.settings
        let used = memoryUsed(on: host)
        let percent = settings.isStrained ? catalogue.density.openBelowPercent : catalogue.density.closeAbovePercent
        settings.isStrained = settings.policy == .profiled && used > host.spec.memoryBytes / 100 * Int64(percent)
        setHost(name, settings)
    }

    /// Measured use of its labs plus the use of other Carrel instances; in bytes.
    private func memoryUsed(on host: HostRecord) -> Int64 {
        (measured.memoryBytes(on: host.name) ?? 0) + host.settings.others.memoryBytes
    }

    /// Why a strained host takes only reserved sessions, and until when.
    func strainNote(on host: HostRecord) -> HostNote? {
        guard host.settings.isStrained else { return nil }
        let used = memoryUsed(on: host)
        let limit = host.spec.memoryBytes / 100 * Int64(catalogue.density.openBelowPercent)
        return .strained(used: used, of: host.spec.memoryBytes, opensBelow: limit)
    }
}
