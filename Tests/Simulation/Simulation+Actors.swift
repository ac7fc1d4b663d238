import BrokerCore

/// Learners, instructors and operators, and the requests that they make.
extension Simulation {
    func learnerActs() {
        plan(.learnerActs, in: random.milliseconds(100...6000))
        guard isOpen else { return workOn() }
        guard core != nil, let learner = random.pick(learners),
            let lab = random.pick(allLabs.filter { $0.key.portal == learner.portal })
        else { return }
        let stored = store.session(of: learner, lab: lab.key)
        switch Int.random(in: 0..<12, using: &random) {
        case 11: comeBack()
        case 10:
            if stored?.state.name == "running" { count("kept") }
            if let stored { take(.keep(stored.id, request: newRequest())) }
        case 0...4:
            let request = newRequest()
            launchesAsked.insert(request)
            newIDs += 1
            let id = SessionID(rawValue: "s\(newIDs)")
            // Most learners come from a course of their portal.
            let context = random.oneIn(3) ? nil : "\(learner.portal)-\(random.oneIn(2) ? "101" : "102")"
            take(.launch(learner: learner, lab: lab.name, context: context, newID: id, request: request))
        case 5:
            if let stored {
                let request = newRequest()
                launchesAsked.insert(request)
                take(.restart(stored.id, request: request))
            }
        case 6:
            if let stored { take(.end(stored.id, reason: .learnerEnded, request: newRequest())) }
        case 7:
            if stored?.state.name == "queued" { count("left the queue") }
            if let stored { take(.leaveQueue(stored.id, request: newRequest())) }
        default:
            workOn()
        }
    }

    /// A click in a tab whose lab was parked or is being parked; sometimes one whose session no longer exists.
    private func comeBack() {
        let parked = store.live.filter { ["parking", "parked"].contains($0.state.name) }
        guard let session = random.pick(parked) ?? random.pick(store.live) else { return }
        let request = newRequest()
        if case .parked = session.state {
            count("visited parked")
            visits[request] = RunName(session: session.id, epoch: session.epoch)
        }
        launchesAsked.insert(request)
        take(.resume(session.id, request: request))
    }

    private func workOn() {
        // During the calm phase, people leave after a while.
        guard core != nil, isOpen || random.oneIn(6) else { return }
        var moments: [SessionID: Timestamp] = [:]
        for session in store.live where session.state.name == "running" && random.oneIn(2) {
            moments[session.id] = wall - random.milliseconds(0...5000)
        }
        take(.activity(moments))
    }

    /// A request or a report from within the process is lost only if the process dies.
    func take(_ event: Event) {
        inbox.append(event)
        planWork(in: random.milliseconds(0...50))
    }

    func operatorActs() {
        guard isOpen else { return }
        plan(.operatorActs, in: random.milliseconds(5000...60_000) * calmness)
        guard core != nil, let host = random.pick(allHosts)?.name else { return }
        switch Int.random(in: 0..<18, using: &random) {
        case 17:
            if let session = random.pick(store.live.filter { $0.state.name == "running" }) {
                count("park asked")
                take(.park(session.id, note: "the seat is needed", request: newRequest()))
            }
        case 16:
            count("rolling drain")
            let hosts = (allHosts + spareHosts).map(\.name).filter { _ in random.oneIn(2) }
            take(
                .rollingDrain(
                    hosts: hosts, maximumUnavailable: Int.random(in: 1...2, using: &random),
                    span: random.milliseconds(0...60_000), request: newRequest()))
        case 13...15: changeHosts()
        case 9...10:
            // Declares a host lost that does not respond, rightly or wrongly.
            let away = engines.values.filter { !$0.isUp }.map(\.host).sorted()
            take(.declareLost(host: random.pick(away) ?? host, request: newRequest()))
        case 11: setPool()
        case 12:
            if let pool = random.pick(pools) { take(.resetPool(pool.key, request: newRequest())) }
        case 8: extendOne()
        case 0: take(.cordon(host: host, request: newRequest()))
        case 1...2: take(.uncordon(host: host, request: newRequest()))
        case 3...4:
            let deadline = random.oneIn(3) ? nil : wall + random.milliseconds(-1000...120_000)
            take(.drain(host: host, deadline: deadline, request: newRequest()))
        case 5:
            endOne()
        default: reconfigure()
        }
    }

    private func setPool() {
        guard var pool = random.pick(pools) else { return }
        count("pool set")
        pool.minimum = Int.random(in: 0...2, using: &random)
        pool.maximum = pool.minimum + Int.random(in: 0...2, using: &random)
        take(.setPool(pool, request: newRequest()))
    }

    /// Adds, changes and removes hosts while the broker runs.
    private func changeHosts() {
        guard let spare = random.pick(spareHosts), let any = random.pick(allHosts + spareHosts) else { return }
        switch Int.random(in: 0..<4, using: &random) {
        case 0...1:
            count("host added")
            addHost(spare)
        case 2:
            count("host removed")
            let deadline = random.oneIn(2) ? nil : wall + random.milliseconds(0...60_000)
            take(
                .removeHost(
                    host: spare.name, draining: random.oneIn(2), deadline: deadline, request: newRequest()))
        default:
            count("host changed")
            var change = HostAdjustment(slots: random.oneIn(2) ? Int.random(in: 1...4, using: &random) : nil)
            if random.oneIn(2) { change.policy = random.oneIn(2) ? .guaranteed : .profiled }
            if random.oneIn(2) { change.labels["gpu"] = "true" } else { change.removedLabels.insert("gpu") }
            take(.adjustHost(host: any.name, change, startingOver: random.oneIn(3), request: newRequest()))
        }
    }

    func addHost(_ spec: HostSpec) {
        let address = HostAddress(endpoint: "unix:///\(spec.name)", identity: nil, publishAddress: "127.0.0.1")
        take(
            .addHost(
                HostEntry(spec: spec, address: address), engineID: "engine-\(spec.name)", request: newRequest()))
    }

    private func reconfigure() {
        count("reconfigured")
        if random.oneIn(2) { pools = Self.somePools(&random) }
        if random.oneIn(3) { density = Self.someDensity(&random) }
        if random.oneIn(3) { quotas = Self.someQuotas(&random) }
        if random.oneIn(3) { changeTimeouts() }
        configuration.labs = allLabs.filter { _ in !random.oneIn(8) }
        configuration.hosts = allHosts.compactMap { host in
            guard !random.oneIn(5) else { return nil }
            var host = host
            if random.oneIn(4) { host.slots = Int.random(in: 1...4, using: &random) }
            if random.oneIn(6) { host.maximumStarts = Int.random(in: 1...3, using: &random) }
            return host
        }
        applyConfiguration()
    }

    /// Halves the timeouts of a lab for everybody, or restores them.
    private func changeTimeouts() {
        count("changed timeouts")
        let index = Int.random(in: allLabs.indices, using: &random)
        var lab = allLabs[index]
        if briefLabs.remove(lab.key) != nil {
            lab.idleTimeout *= 2
            lab.maximumLifetime *= 2
        } else {
            briefLabs.insert(lab.key)
            lab.idleTimeout /= 2
            lab.maximumLifetime /= 2
        }
        allLabs[index] = lab
    }

    func applyConfiguration() {
        noteSlots()
        for host in engines.keys { engines[host]!.loseAccount() }
        take(configured)
        // The driver connects to every host that it learns of.
        agenda.removeAll { if case .monitor = $0 { true } else { false } }
        for host in allHosts.map(\.name) + store.hosts.keys.sorted() {
            plan(.monitor(host: host, generation: generation), in: random.milliseconds(100...4000))
        }
    }
}
