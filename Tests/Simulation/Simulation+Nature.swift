import BrokerCore

/// Spontaneous events: on hosts, in containers, and on the broker's machine.
extension Simulation {
    func natureActs() {
        guard hasFaults else { return }
        plan(.nature, in: random.milliseconds(1000...30_000) * calmness)
        guard let host = random.pick(allHosts + spareHosts)?.name else { return }
        switch Int.random(in: 0..<15, using: &random) {
        case 0...2: hostGoes(host)
        case 3...5: containerStops(on: host)
        case 6:
            if core != nil, random.oneIn(2) { crash("for no reason", .crashAtRest) }
        case 7:
            count(.imageGone)
            let lab = random.pick(allLabs)!
            if engines[host]!.images.remove(lab.image) == nil { engines[host]!.images.insert(lab.image) }
        case 8:
            if random.oneIn(3) { clockJumps() }
        case 9:
            if let run = random.pick(engines[host]!.containers.keys.sorted()) {
                count(.containerTaken)
                remember("\(run) is removed by hand")
                engines[host]!.containers[run] = nil
            }
        case 13:
            processDies(on: host)
        case 14:
            homesGo(from: host)
        case 10:
            guard engines[host]!.slowness == 1 else { return }
            count(.hostSlow)
            engines[host]!.slowness = Int.random(in: 2...10, using: &random)
            remember("\(host) takes \(engines[host]!.slowness) times as long")
            plan(.hostSpeedsUp(host), in: random.milliseconds(10_000...120_000))
        case 11:
            count(.hostDiskFull)
            engines[host]!.isDiskFull = !engines[host]!.isDiskFull
        case 12:
            count(.diskFull)
            remember("the broker's disk is full")
            diskFullUntil = time + random.milliseconds(1000...60_000)
        default:
            break
        }
    }

    /// A cut cable, a power loss, or a machine that is reinstalled.
    private func hostGoes(_ host: String) {
        guard engines[host]!.isUp else { return }
        engines[host]!.isUp = false
        engines[host]!.loseAccount()
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            count(.hostLostPower)
            engines[host]!.losePower()
        case 1:
            count(.hostSetUpAnew)
            engines[host]!.containers = [:]
        default:
            count(.hostCut)
        }
        remember("\(host) goes down with \(engines[host]!.containers.keys.sorted())")
        plan(.hostHeals(host), in: random.milliseconds(1000...90_000))
    }

    private func containerStops(on host: String) {
        let running = engines[host]!.containers.keys.filter { engines[host]!.isRunning($0) }.sorted()
        guard let run = random.pick(running) else { return }
        count(.containerStopped)
        let outOfMemory = random.oneIn(2)
        engines[host]!.containers[run]!.condition = .exited(code: 137, outOfMemory: outOfMemory)
        guard core != nil, engines[host]!.isUp else { return }
        deliver(.containerExited(run.session, epoch: run.epoch, code: 137, outOfMemory: outOfMemory))
    }

    /// A kernel reaches its lab's memory limit and is killed; the lab continues.
    private func processDies(on host: String) {
        let running = engines[host]!.containers.keys.filter { engines[host]!.isRunning($0) }.sorted()
        guard let run = random.pick(running) else { return }
        count(.processKilled)
        guard core != nil, engines[host]!.isUp else { return }
        deliver(.processKilled(run.session, epoch: run.epoch))
    }

    /// Reports that running labs have lost their attached homes; they keep running until the broker ends them.
    private func homesGo(from host: String) {
        let running = engines[host]!.containers.keys.filter { run in
            WarmSeatID(run: run.session) != nil && engines[host]!.isRunning(run)
        }
        guard let core, engines[host]!.isUp, !running.isEmpty else { return }
        count(.homesTaken)
        remember("\(running.sorted()) on \(host) lose their homes")
        for run in running.sorted() { deliver(.homeLost(run.session, epoch: run.epoch, asked: core.eventCount)) }
    }

    /// By minutes, as from a manual correction, or by hours, as from a machine that mistook local time for UTC.
    private func clockJumps() {
        let most: Int64 = random.oneIn(4) ? 6 * 3_600_000 : 120_000
        let jump = random.milliseconds(1000...most)
        let isForward = random.oneIn(2)
        count(isForward ? .clockForward : .clockBack)
        hasClockJumped = true
        clockOffset += isForward ? jump : .zero - jump
        remember("the clock jumps by \(isForward ? "" : "-")\(jump)")
        // The broker also ticks on its own from time to time.
        if core != nil { plan(.deliver(.tick, generation: generation), in: random.milliseconds(1...5000)) }
    }

    /// Stops faults and new arrivals, and repairs everything that is broken.
    func calmDown() {
        remember("faults stop")
        hasFaults = false
        isOpen = false
        crashPoint = nil
        calmSince = time
        diskFullUntil = nil
        for host in engines.keys.sorted() {
            engines[host]!.isUp = true
            engines[host]!.slowness = 1
            engines[host]!.isDiskFull = false
            engines[host]!.keepsLabsApart = true
            engines[host]!.images = Set(allLabs.map(\.image))
        }
        configuration = (allLabs, allHosts)
        if core == nil { bootBroker() }
        applyConfiguration()
        // Requests that only labelled hosts can serve could otherwise wait for ever.
        for host in allHosts {
            let labels = HostAdjustment(labels: ["gpu": "true"])
            take(.adjustHost(host: host.name, labels, startingOver: true, request: newRequest()))
        }
        // Hosts that were removed meanwhile must clear away their own leftovers.
        for host in spareHosts { addHost(host) }
        for host in allHosts + spareHosts { take(.uncordon(host: host.name, request: newRequest())) }
    }
}
