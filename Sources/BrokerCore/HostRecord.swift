/// What the core knows of a host.
struct HostRecord: Sendable {
    /// The part that events set; a rollback restores it.
    struct Settings: Hashable, Sendable {
        var host: Host
        /// In the configuration. A host that is not is kept, as if cordoned, until it is empty.
        var isConfigured: Bool
        /// Labs whose image this host was found not to have; forgotten at its next listing.
        var lackingLabs: Set<String> = []
        /// The drain's deadline has passed, and the sessions here were ended.
        var isDrainDue = false
        /// How many starts at the same time it bears, as measured.
        var pace = Pace()
    }

    /// The part that follows from sessions and leftovers; only the indexes write it.
    struct Usage: Hashable, Sendable {
        var seats = 0
        var memory: Int64 = 0
        var starting = 0
        var sessions: Set<SessionID> = []
        var leftovers: Set<Run> = []

        var isEmpty: Bool { seats == 0 }
    }

    let name: String
    var settings: Settings
    var usage = Usage()

    var spec: HostSpec { settings.host.spec }

    /// Memory that seats may add up to, in bytes.
    var memoryLimit: Int64 { settings.host.spec.memoryLimit }

    var isReachable: Bool { settings.host.link == .reachable }

    /// When the sessions that are still here end; `nil` once that has been decided.
    var drainDeadline: Timestamp? {
        guard case .draining(let deadline) = settings.host.duty, !settings.isDrainDue else { return nil }
        return deadline
    }

    /// New seats may be taken here as far as operator, configuration and network are concerned.
    var takesSeats: Bool { settings.isConfigured && settings.host.duty == .active && isReachable }

    /// Starts that may be under way here at the same time.
    var startsAllowed: Int { settings.pace.allowed(upTo: spec.maximumStarts) }

    /// A free slot and a free start, too.
    var isOpen: Bool {
        takesSeats && usage.seats < settings.host.spec.slots && usage.starting < startsAllowed
    }

    /// What this host offers to a seat of that memory.
    func offer(_ memory: Int64) -> HostOrder.Offer {
        guard takesSeats, spec.couldHold(memory) else { return HostOrder.Offer() }
        let density = density(adding: memory)
        return HostOrder.Offer(open: isOpen && hasRoom(for: memory) ? density : .infinity, promised: density)
    }

    func hasRoom(for memory: Int64) -> Bool { usage.memory + memory <= memoryLimit }

    /// The density with one more seat of this memory: the greater of slot share and memory share.
    func density(adding memory: Int64) -> Double {
        Self.density(
            seats: usage.seats + 1, slots: spec.slots, memory: usage.memory + memory, memoryLimit: memoryLimit)
    }

    static func density(seats: Int, slots: Int, memory: Int64, memoryLimit: Int64) -> Double {
        max(
            slots > 0 ? Double(seats) / Double(slots) : 1,
            memoryLimit > 0 ? Double(memory) / Double(memoryLimit) : 1)
    }
}

extension HostSpec {
    /// Memory that seats on this host may add up to, in bytes.
    public var memoryLimit: Int64 { Int64(Double(memoryBytes) * overcommit) }

    /// An empty host of this kind could hold a seat of this memory.
    func couldHold(_ memory: Int64) -> Bool { slots > 0 && maximumStarts > 0 && memory <= memoryLimit }
}

extension Host {
    /// The word that operators read. A drained host reads `drained` also while it is switched off for its repair.
    public var state: HostState {
        if duty == .drained { return .drained }
        switch link {
        case .connecting, .unreachable: return .unreachable
        case .reachable: break
        }
        switch duty {
        case .active: return .active
        case .cordoned: return .cordoned
        case .draining: return .draining
        case .drained: return .drained
        }
    }
}
