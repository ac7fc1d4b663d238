/// Density by measured use: samples, the profiles of labs, and what a seat counts for.
extension BrokerCore {
    // MARK: What a seat counts for

    /// What a session of this lab demands that has no reservation. A seat of a reservation counts for what its lab asks,
    /// always: a promise that was made holds however the profile grows.
    func demand(of lab: Lab) -> Demand {
        var demand = lab.demand
        if let charge = measured.charges[lab.name] { demand.profiled = charge }
        return demand
    }

    /// All kinds of demand that placement must know hosts' offers for.
    var demands: Set<Demand> {
        Set(catalogue.labs.values.map(\.demand)).union(catalogue.labs.values.map { demand(of: $0) })
    }

    /// What a seat for this session on this host counts for, in bytes, from now on until it is left.
    func charge(for session: Session, _ lab: Lab, on host: String) -> Int64 {
        guard session.reservation == nil, let record = record(of: host) else { return lab.memoryBytes }
        return record.charge(demand(of: lab))
    }

    /// The catalogue has changed, or all profiles.
    mutating func settleCharges() {
        measured.charges = measured.charges.filter { catalogue.labs[$0.key] != nil }
        for name in catalogue.labs.keys { settleCharge(of: name) }
    }

    /// What was learned of one lab has changed.
    private mutating func settleCharge(of name: String) {
        guard let lab = catalogue.labs[name] else { return }
        let charge = catalogue.density.charge(asked: lab.memoryBytes, by: measured.profiles[name])
        let profiled = charge < lab.memoryBytes ? charge : nil
        guard measured.charges[name] != profiled else { return }
        measured.charges[name] = profiled
        isOrderOld = true
        step.mayPlace = true
    }

    // MARK: Samples

    /// A round of readings of a host. What is not among them keeps its last reading as long as it has its seat.
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

    /// The containers of the seats of a host, but for those that are being removed while their session goes on.
    private func runs(on host: HostRecord) -> [Run] {
        host.usage.sessions.compactMap { entries[$0]?.container } + host.usage.warm.compactMap { warm[$0]?.run }
    }

    /// A session leaves its seat: what was measured of it is an observation of its lab, if it was measured for a while.
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

    /// Not with every observation: what a crash loses is learned again.
    private mutating func writeProfiles(at now: Timestamp) {
        if let written = measured.writtenAt, written <= now, now - written < Limits.profileWriteInterval { return }
        guard !measured.unwritten.isEmpty else { return }
        measured.writtenAt = now
        for lab in measured.unwritten.sorted() {
            guard let profile = measured.profiles[lab] else { continue }
            journal.changes.append(.profile(lab: lab, profile))
        }
        measured.unwritten = []
    }

    /// What was to be written by the lost steps is still to be written.
    mutating func rollBackProfiles(_ lost: Journal) {
        for case .profile(let lab, _) in lost.changes {
            measured.unwritten.insert(lab)
            measured.writtenAt = nil
        }
    }

    // MARK: The safety valve

    /// Under `profiled`, a host whose labs use nearly all of its memory takes nobody new, until they use clearly less.
    mutating func settleStrain(of name: String) {
        guard let host = record(of: name) else { return }
        var settings = host.settings
        let used = memoryUsed(on: host)
        let percent = settings.isStrained ? catalogue.density.openBelowPercent : catalogue.density.closeAbovePercent
        settings.isStrained = settings.policy == .profiled && used > host.spec.memoryBytes / 100 * Int64(percent)
        setHost(name, settings)
    }

    /// What its labs were measured to use, and what other Carrels take; in bytes.
    private func memoryUsed(on host: HostRecord) -> Int64 {
        (measured.memoryBytes(on: host.name) ?? 0) + host.settings.others.memoryBytes
    }

    /// Why a strained host takes nobody, and until when.
    func strainWords(for host: HostRecord) -> String? {
        guard host.settings.isStrained else { return nil }
        let used = memoryUsed(on: host)
        let limit = host.spec.memoryBytes / 100 * Int64(catalogue.density.openBelowPercent)
        return "It takes no new seats but reserved ones until its labs use at most \(Explanations.bytes(limit)) of its "
            + "\(Explanations.bytes(host.spec.memoryBytes)): they use \(Explanations.bytes(used)) now."
    }
}
