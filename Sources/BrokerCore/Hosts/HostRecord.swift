/// What the core knows of a host.
struct HostRecord: Sendable {
    /// The part that events set; a rollback restores it.
    struct Settings: Hashable, Sendable {
        var host: Host
        /// In the configuration. A host that is not is kept, as if cordoned, until it is empty.
        var isConfigured: Bool
        /// What was found of labs' images at its last listing.
        var images: [String: HostImage?] = [:]
        /// Labs that could not be started here for want of their image; forgotten at its next listing.
        var lackingLabs: Set<String> = []
        /// What other Carrels take of it.
        var others = OtherUse()
        /// The drain's deadline has passed, and the sessions here were ended.
        var isDrainDue = false
        /// Whether homes can be attached to running containers; `nil` until that was tried.
        var attachment: HomeAttachment?
        /// Whether labs may be placed here, as far as the network is concerned.
        var isolation = HostIsolation.untried
        /// How many starts at the same time it bears, as measured.
        var pace = Pace()
        /// For how much its seats count: what is set for it, or for all.
        var policy = DensityPolicy.guaranteed
        /// Its labs use so much of its memory that it takes nobody new.
        var isStrained = false

        /// Reserved seats may be promised here: as far as is known the host will be there, and open.
        var isPromising: Bool {
            guard isConfigured, host.duty == .active else { return false }
            if case .unproved = isolation { return false }
            switch host.link {
            case .connecting, .reachable, .silent: return true
            case .unreachable, .duplicate: return false
            }
        }

        /// The operator does not expect it back.
        var isLost: Bool { host.duty == .lost }

        /// What the promises of reservations depend on.
        var promises: [HostSpec: Int64] { isPromising ? [host.spec: others.memoryBytes] : [:] }
    }

    /// The part that follows from sessions, warm seats and leftovers; only the indexes write it.
    struct Usage: Hashable, Sendable {
        var seats = 0
        var memory: Int64 = 0
        var starting = 0
        var sessions: Set<SessionID> = []
        var leftovers: Set<Run> = []
        var warm: Set<WarmSeatID> = []

        var isEmpty: Bool { seats == 0 }
    }

    let name: String
    var settings: Settings
    var usage = Usage()
    /// Reserved seats here that nobody has taken yet, over time.
    var held = CapacityCurve()

    var spec: HostSpec { settings.host.spec }

    /// Memory that seats may add up to, in bytes.
    var memoryLimit: Int64 { settings.host.spec.memoryLimit }

    var isReachable: Bool { settings.host.link == .reachable }

    /// When this host must be checked next.
    var wake: Timestamp? {
        guard let end = silenceEnd else { return drainDeadline }
        return drainDeadline.map { min($0, end) } ?? end
    }

    /// When a host that does not answer at the moment counts as unreachable.
    var silenceEnd: Timestamp? {
        guard case .silent(let since, _) = settings.host.link else { return nil }
        return since + Limits.silenceGrace
    }

    /// When the sessions that are still here end; `nil` once that has been decided.
    var drainDeadline: Timestamp? {
        guard case .draining(let deadline) = settings.host.duty, !settings.isDrainDue else { return nil }
        return deadline
    }

    /// New seats may be taken here as far as operator, configuration and network are concerned.
    var takesSeats: Bool {
        settings.isConfigured && settings.host.duty == .active && isReachable && settings.isolation == .proved
    }

    /// Starts that may be under way here at the same time.
    var startsAllowed: Int { settings.pace.allowed(upTo: spec.maximumStarts) }

    /// A free slot and a free start, too.
    var isOpen: Bool {
        takesSeats && usage.seats < settings.host.spec.slots && usage.starting < startsAllowed
    }

    /// What this host offers to a session that is not of a reservation.
    ///
    /// It must not be in the way of a reservation: with everybody who is here now, and every seat that will be held
    /// at one time or another while this session may live, there must still be room for it. Near a reservation only
    /// those start here that must end in time.
    func offer(_ demand: Demand, at now: Timestamp) -> HostOrder.Offer {
        guard takesSeats, !settings.isStrained, spec.couldHold(demand.memory), spec.satisfies(demand.requires) else {
            return HostOrder.Offer()
        }
        let charge = charge(demand)
        let peak = promisedPeak(during: demand.horizon, from: now)
        let density = Self.density(
            seats: usage.seats + peak.seats + 1, slots: spec.slots,
            memory: memoryTaken + peak.memory + charge, memoryLimit: memoryLimit)
        let isPossible = isOpen && sparesPromises(demand, at: now)
        // A host is only held for somebody where it is sessions that are in the way, not reservations.
        return HostOrder.Offer(
            open: isPossible ? density : .infinity, promised: peak == CapacityCurve.Load() ? density : .infinity)
    }

    /// The most that is held here at one time while a session that begins now may live.
    private func promisedPeak(during horizon: Duration, from now: Timestamp) -> CapacityCurve.Load {
        // One that begins the moment this session may end is in the way, too.
        held.isEmpty ? CapacityCurve.Load() : held.peak(from: now, to: now + horizon + .milliseconds(1))
    }

    /// One more session fits beside everybody here and every seat that will be held while it may live.
    func sparesPromises(_ demand: Demand, at now: Timestamp) -> Bool {
        let peak = promisedPeak(during: demand.horizon, from: now)
        return usage.seats + peak.seats < spec.slots
            && memoryTaken + peak.memory + charge(demand) <= memoryLimit
    }

    /// As far as is known, the lab's image is not here.
    func lacksImage(of lab: Lab) -> Bool { lacks(lab.name, image: lab.image) }

    /// The same, for many hosts in turn: a closure that only keeps the two names copies no lab.
    func lacks(_ lab: String, image: String) -> Bool {
        if settings.lackingLabs.contains(lab) { return true }
        guard let known = settings.images[image] else { return false }
        return known == nil
    }

    /// What a seat counts for here, in bytes.
    func charge(_ demand: Demand) -> Int64 { settings.policy == .profiled ? demand.profiled : demand.memory }

    func hasRoom(for memory: Int64) -> Bool { memoryTaken + memory <= memoryLimit }

    /// By seats here, and by other Carrels.
    var memoryTaken: Int64 { usage.memory + settings.others.memoryBytes }

    /// The density with one more seat of this memory: the greater of slot share and memory share.
    func density(adding memory: Int64) -> Double {
        Self.density(
            seats: usage.seats + 1, slots: spec.slots, memory: memoryTaken + memory, memoryLimit: memoryLimit)
    }

    static func density(seats: Int, slots: Int, memory: Int64, memoryLimit: Int64) -> Double {
        max(
            slots > 0 ? Double(seats) / Double(slots) : 1,
            memoryLimit > 0 ? Double(memory) / Double(memoryLimit) : 1)
    }
}

/// What decides which hosts can take a session: its memory, for how long it may be there, and what it asks of a host.
struct Demand: Hashable, Sendable {
    /// What it asks, in bytes.
    var memory: Int64
    /// What its seat counts for where that goes by measured use, in bytes; at most `memory`.
    var profiled: Int64
    /// From seat to end, at most.
    var horizon: Duration
    /// Labels that the host must have.
    var requires: [String: String] = [:]
}

extension Lab {
    var demand: Demand {
        Demand(
            memory: memoryBytes, profiled: memoryBytes,
            horizon: readyTimeout + maximumLifetime + Limits.startSlack, requires: requires)
    }
}

extension HostSpec {
    /// Memory that seats on this host may add up to, in bytes.
    public var memoryLimit: Int64 { Int64(Double(memoryBytes) * overcommit) }

    /// What reservations may have of it.
    func reservable(freeFloorPercent: Int) -> Capacity {
        guard maximumStarts > 0 else { return Capacity(slots: 0, memory: 0) }
        return Capacity(
            slots: slots - (slots * freeFloorPercent + 99) / 100,
            memory: memoryLimit - memoryLimit / 100 * Int64(freeFloorPercent))
    }

    /// It has every label that is asked for.
    func satisfies(_ requires: [String: String]) -> Bool {
        requires.allSatisfy { labels[$0.key] == $0.value }
    }

    /// An empty host of this kind could serve this lab.
    func couldServe(_ lab: Lab) -> Bool { couldHold(lab.memoryBytes) && satisfies(lab.requires) }

    /// An empty host of this kind could hold a seat of this memory.
    func couldHold(_ memory: Int64) -> Bool { slots > 0 && maximumStarts > 0 && memory <= memoryLimit }
}

extension Host {
    /// The word that operators read. A drained host reads `drained` also while it is switched off for its repair.
    public var state: HostState {
        if duty == .drained { return .drained }
        if duty == .lost { return .lost }
        switch link {
        case .connecting, .unreachable: return .unreachable
        case .duplicate: return .inactive
        case .reachable, .silent: break
        }
        switch duty {
        case .active: return .active
        case .cordoned: return .cordoned
        case .draining: return .draining
        case .drained: return .drained
        case .lost: return .lost
        }
    }
}
