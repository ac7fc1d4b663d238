import Identity

/// The core's record of a host.
struct HostRecord: Sendable {
    /// The part that events set. A rollback restores it.
    struct Settings: Hashable, Sendable {
        var host: Host
        /// Whether the configuration lists it. A host that it does not list is kept, as if cordoned, until it is empty.
        var isConfigured: Bool
        /// The labs' images that its last listing found.
        var images: [String: HostImage?] = [:]
        /// Labs that failed to start here because their image was missing; cleared at the next listing.
        var lackingLabs: Set<LabKey> = []
        /// What other Carrel instances use on it.
        var others = OtherUse()
        /// The drain's deadline has passed, and the sessions here have been ended.
        var isDrainDue = false
        /// Whether homes can be attached to running containers; `nil` until this has been probed.
        var attachment: HomeAttachment?
        /// Whether the host's network isolation allows labs to be placed here.
        var isolation = HostIsolation.untried
        /// How many parallel starts it can take, as measured.
        var pace = Pace()
        /// How its seats are charged: its own policy, or the default for all hosts.
        var policy = DensityPolicy.guaranteed
        /// Whether its labs use so much of its memory that it takes no new sessions without a reservation.
        var isStrained = false

        /// Whether reserved seats may be promised here: as far as is known, the host will be available.
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

        /// The settings that the promises of reservations depend on.
        var promises: [HostSpec: Int64] { isPromising ? [host.spec: others.memoryBytes] : [:] }
    }

    /// The part derived from sessions, warm seats and leftovers. Only the indexes write it.
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
    /// Reserved seats here that no session has taken yet, over time.
    var held = CapacityCurve()

    var spec: HostSpec { settings.host.spec }

    /// The maximum for the memory charged to seats, in bytes.
    var memoryLimit: Int64 { settings.host.spec.memoryLimit }

    var isReachable: Bool { settings.host.link == .reachable }

    /// When this host must next be checked.
    var wake: Timestamp? {
        guard let end = silenceEnd else { return drainDeadline }
        return drainDeadline.map { min($0, end) } ?? end
    }

    /// When a silent host becomes unreachable.
    var silenceEnd: Timestamp? {
        guard case .silent(let since, _) = settings.host.link else { return nil }
        return since + Limits.silenceGrace
    }

    /// When the sessions that are still here are ended; `nil` once that has happened.
    var drainDeadline: Timestamp? {
        guard case .draining(let deadline) = settings.host.duty, !settings.isDrainDue else { return nil }
        return deadline
    }

    /// Whether the operator, the configuration and the network isolation allow new seats here.
    var takesSeats: Bool {
        settings.isConfigured && settings.host.duty == .active && isReachable && settings.isolation == .proved
    }

    /// How many starts may be in progress here at the same time.
    var startsAllowed: Int { settings.pace.allowed(upTo: spec.maximumStarts) }

    /// Whether it takes seats and also has a free slot and a free start.
    var isOpen: Bool {
        takesSeats && usage.seats < settings.host.spec.slots && usage.starting < startsAllowed
    }

    /// The host's offer to a session without a reservation.
    ///
    /// Such a session must not get in the way of a reservation: it must fit beside all present seats and all seats that
    /// will be held at any time while this session may live. Close to a reservation, only sessions that must end in
    /// time can start here.
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
        // A host is held for a waiting session only if sessions, not reservations, are in the way.
        return HostOrder.Offer(
            open: isPossible ? density : .infinity, promised: peak == CapacityCurve.Load() ? density : .infinity)
    }

    /// The peak of reserved seats held here while a session that begins now may live.
    private func promisedPeak(during horizon: Duration, from now: Timestamp) -> CapacityCurve.Load {
        // A hold that begins at the very moment when this session may end is counted too.
        held.isEmpty ? CapacityCurve.Load() : held.peak(from: now, to: now + horizon + .milliseconds(1))
    }

    /// Whether one more session fits beside all present seats and every seat that will be held while it may live.
    func sparesPromises(_ demand: Demand, at now: Timestamp) -> Bool {
        let peak = promisedPeak(during: demand.horizon, from: now)
        return usage.seats + peak.seats < spec.slots
            && memoryTaken + peak.memory + charge(demand) <= memoryLimit
    }

    /// Whether the lab's image is missing here, as far as is known.
    func lacksImage(of lab: Lab) -> Bool { lacks(lab.key, image: lab.image) }

    /// The same check for many hosts in sequence: a closure that captures only the two names does not copy the lab.
    func lacks(_ lab: LabKey, image: String) -> Bool {
        if settings.lackingLabs.contains(lab) { return true }
        guard let known = settings.images[image] else { return false }
        return known == nil
    }

    /// What a seat is charged here, in bytes.
    func charge(_ demand: Demand) -> Int64 { settings.policy == .profiled ? demand.profiled : demand.memory }

    func hasRoom(for memory: Int64) -> Bool { memoryTaken + memory <= memoryLimit }

    /// Memory charged to seats here and used by other Carrel instances, in bytes.
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

/// What determines which hosts can take a session: its memory, its maximum duration, and the labels that it requires.
struct Demand: Hashable, Sendable {
    /// The memory that its lab requests, in bytes.
    var memory: Int64
    /// What its seat is charged under measured use, in bytes; at most `memory`.
    var profiled: Int64
    /// The maximum time from seat to end.
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
    /// The maximum for the memory charged to seats on this host, in bytes.
    public var memoryLimit: Int64 { Int64(Double(memoryBytes) * overcommit) }

    /// The part of the host that reservations may use.
    func reservable(freeFloorPercent: Int) -> Capacity {
        guard maximumStarts > 0 else { return Capacity(slots: 0, memory: 0) }
        return Capacity(
            slots: slots - (slots * freeFloorPercent + 99) / 100,
            memory: memoryLimit - memoryLimit / 100 * Int64(freeFloorPercent))
    }

    /// Whether the host has every required label.
    func satisfies(_ requires: [String: String]) -> Bool {
        requires.allSatisfy { labels[$0.key] == $0.value }
    }

    /// Whether this host, if empty, could serve this lab.
    func couldServe(_ lab: Lab) -> Bool { couldHold(lab.memoryBytes) && satisfies(lab.requires) }

    /// Whether this host, if empty, could hold a seat of this memory.
    func couldHold(_ memory: Int64) -> Bool { slots > 0 && maximumStarts > 0 && memory <= memoryLimit }
}

extension Host {
    /// The state that operators read. A drained host reads `drained` even while it is switched off for repair.
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
