/// The invariants of every seat at the moment of its placement.
extension BrokerCore {
    /// The rules that a host violates after a seat was added to it, in words.
    private func crowding(on host: HostRecord) -> [String] {
        var broken: [String] = []
        if host.usage.seats > host.spec.slots {
            broken.append("which has \(host.spec.slots) slots for \(host.usage.seats)")
        }
        if host.usage.memory > host.memoryLimit { broken.append("whose memory is exceeded") }
        if host.usage.starting > min(host.startsAllowed, host.spec.maximumStarts) {
            broken.append("which starts \(host.usage.starting) at once")
        }
        return broken
    }

    /// Checks a warm seat that was just added.
    mutating func audit(warm entry: WarmEntry, at now: Timestamp) {
        guard let host = record(of: entry.seat.host) else { return }
        var problems = crowding(on: host)
        if !host.takesSeats { problems.append("which takes no seats") }
        let held = heldCurve(on: host.name).load(at: now)
        if entry.seat.reservation == nil, held.seats > 0, host.usage.seats + held.seats > host.spec.slots {
            problems.append("where \(held.seats) of the seats are reserved")
        }
        if breaches.count < 16 {
            breaches += problems.map { "\(entry.seat.id) was made warm on \(host.name), \($0)" }
        }
    }

    /// Checks a placement that was just made, independently of how the host was found.
    mutating func audit(placementOf entry: Entry, on name: String, at now: Timestamp) {
        func broken(_ rule: String) {
            // A handful is enough to find the bug.
            if breaches.count < 16 { breaches.append("\(entry.session.id) was placed on \(name), \(rule)") }
        }
        guard let host = record(of: name) else { return broken("which is unknown") }
        if !host.settings.isConfigured { broken("which is not configured") }
        if host.settings.host.duty != .active { broken("which is \(host.settings.host.duty)") }
        if !host.isReachable { broken("which does not answer") }
        if host.settings.isolation != .proved { broken("where it is not proved that labs are kept apart") }
        if entry.session.warm == nil, let lab = catalogue.labs[entry.session.lab], !host.spec.satisfies(lab.requires) {
            broken("which has not the labels that it asks for")
        }
        if entry.session.reservation == nil, let quota = catalogue.portals?[entry.learner.portal]?.quota {
            let use = use(ofPortal: entry.learner.portal)
            if use.seats > quota.seats ?? .max { broken("which makes \(use.seats) seats of its portal") }
            if use.memoryBytes > quota.memoryBytes ?? .max {
                broken("with which its portal has \(use.memoryBytes) bytes")
            }
        }
        if host.settings.isStrained, entry.session.warm == nil, entry.session.reservation == nil {
            broken("whose memory is nearly all in use")
        }
        // A claimed seat was on the host already.
        if entry.session.warm == nil {
            for problem in crowding(on: host) { broken(problem) }
        }
        if entry.session.warm == nil, let lab = catalogue.labs[entry.session.lab], entry.session.reservation == nil {
            let held = heldCurve(on: name).peak(from: now, to: now + lab.demand.horizon + .milliseconds(1))
            if held.seats > 0, host.usage.seats + held.seats > host.spec.slots {
                broken("where \(held.seats) of the seats are reserved while it may live")
            }
            if held.memory > 0, host.usage.memory + held.memory > host.memoryLimit {
                broken("where the memory is reserved while it may live")
            }
        }
        if !sharedHomes, needsHome(entry.session.lab), let home = homes[entry.learner], home != name, !isLost(home) {
            broken("but its home is on \(home)")
        }
        if gates[entry.session.id] != nil { broken("while its last container is still there") }
    }
}
