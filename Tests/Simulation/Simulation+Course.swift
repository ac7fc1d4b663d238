import BrokerCore

/// The course of a run: its events are processed in order of time.
extension Simulation {
    /// Processes this many events for the core, with faults, and checks the invariants after every step.
    public func run(events: Int) {
        bootBroker()
        plan(.learnerActs, in: .milliseconds(10))
        plan(.operatorActs, in: .seconds(20))
        plan(.instructorActs, in: .seconds(2))
        plan(.nature, in: .seconds(5))
        while eventCount < events, complaints.isEmpty { step() }
    }

    /// Stops faults and new arrivals, and runs until all pending work is finished, everybody who waits is served, every
    /// lab has ended, and nothing is left.
    public func settle() {
        guard complaints.isEmpty else { return }
        calmDown()
        let (orphans, settled) = (time + SimulationLimits.orphanTime, time + SimulationLimits.settlingTime)
        while time < orphans, complaints.isEmpty { step() }
        if complaints.isEmpty { checkOrphans(olderThan: .seconds(100)) }
        while time < settled, complaints.isEmpty { step() }
        if complaints.isEmpty { checkSettled() }
        let end = time + SimulationLimits.emptyingTime
        while time < end, complaints.isEmpty, !isEmpty { step() }
        if complaints.isEmpty { checkEmpty() }
    }

    /// Takes the next item of the agenda, or a tick, whichever is due first.
    private func step() {
        let tickTime = core?.nextDeadline.map { max($0 - clockOffset, noTickBefore, time) }
        if let tickTime, agenda.first.map({ tickTime <= $0 }) ?? true {
            time = tickTime
            broker(takesIn: [.tick])
            if let next = core?.nextDeadline, next <= wall, noTickBefore <= time {
                complain("a tick that leads nowhere, next at \(next)")
            }
        } else if let (due, happening) = agenda.next() {
            time = max(time, due)
            perform(happening)
        } else {
            complain("nothing is left to happen")
        }
        checkAfterStep()
    }

    private func perform(_ happening: Happening) {
        switch happening {
        case .deliver(let event, let generation):
            guard generation == self.generation, core != nil else { return }
            inbox.append(event)
            planWork(in: random.milliseconds(0...20))
        case .work(let generation):
            guard generation == self.generation, core != nil else { return }
            isWorkPlanned = false
            let events = inbox
            inbox = []
            broker(takesIn: events)
        case .call(let call):
            execute(call)
        case .monitor(let host, let generation):
            monitor(host, generation: generation)
        case .listAgain(let host, let generation):
            look(at: host, generation: generation)
        case .learnerActs:
            learnerActs()
        case .operatorActs:
            operatorActs()
        case .instructorActs:
            instructorActs()
        case .nature:
            natureActs()
        case .hostHeals(let host):
            engines[host]?.isUp = true
        case .hostSpeedsUp(let host):
            engines[host]?.slowness = 1
        case .restartBroker:
            if core == nil { bootBroker() }
        }
    }

    func plan(_ happening: Happening, in delay: Duration) { agenda.add(happening, at: time + delay) }

    func planWork(in delay: Duration) {
        guard !isWorkPlanned else { return }
        isWorkPlanned = true
        plan(.work(generation: generation), in: delay)
    }

    /// Delivers news from an engine or a lab, which may be lost, duplicated or delayed.
    func deliver(_ event: Event, within delay: ClosedRange<Int64> = 1...200) {
        if strikes(.replyLost, oneIn: 20) { return }
        let latest: Int64 = 40_000
        let isLate = strikes(.replyLate, oneIn: 30)
        plan(.deliver(event, generation: generation), in: random.milliseconds(isLate ? 1...latest : delay))
        if strikes(.replyDuplicated, oneIn: 20) {
            plan(.deliver(event, generation: generation), in: random.milliseconds(1...latest))
        }
    }
}
