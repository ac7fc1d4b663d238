import BrokerCore
import SeededRandom

/// A small world around the real core: engines, a store, an edge, learners, operators and a clock, with everything
/// that goes wrong between them. Driven by one seed; after every step the invariants are looked at.
///
/// Time is the agenda's; the wall clock that the broker reads is the agenda's time plus an offset that may jump.
final class Simulation {
    /// What is going to happen.
    enum Happening {
        /// News for the broker process of that generation.
        case deliver(Event, generation: Int)
        /// The broker takes in what has been delivered.
        case work(generation: Int)
        case call(EngineCall)
        /// The broker looks at a host: a listing, or the news that there is no answer.
        case monitor(host: String, generation: Int)
        case learnerActs
        case operatorActs
        case instructorActs
        case nature
        case hostHeals(String)
        case restartBroker
    }

    let seed: UInt64
    var random: SplitMix64
    var time = Timestamp(milliseconds: 1_000_000_000_000)
    var clockOffset = Duration.zero
    var agenda = Agenda<Happening>()
    var hasFaults = true
    var hasClockJumped = false
    /// Faults are this many times rarer: some worlds are calm enough for labs to grow old.
    let calmness: Int

    // The world.
    var engines: [String: SimulatedEngine] = [:]
    var store: SimulatedStore
    var configuration: (labs: [Lab], hosts: [HostSpec])
    let freeFloorPercent: Int
    let allLabs: [Lab]
    let allHosts: [HostSpec]
    let learners: [Learner]

    // The broker process; `nil` while it is dead.
    let sharedHomes: Bool
    var core: BrokerCore?
    var generation = 0
    var inbox: [Event] = []
    var isWorkPlanned = false
    var noTickBefore = Timestamp(milliseconds: 0)
    var routes: [SessionID: Endpoint] = [:]
    var startTasks: [RunName: String] = [:]
    /// Until when a call of a start is on its way to the engine.
    var busyUntil: [RunName: Timestamp] = [:]

    // What must hold.
    var requests: UInt64 = 0
    var launchesAsked: Set<RequestID> = []
    var acknowledged: Set<SessionID> = []
    var admitted: Set<ReservationID> = []
    var runHosts: [RunName: String] = [:]
    var lastBusy: [RunName: Timestamp] = [:]
    var asked: Set<RunName> = []
    /// Runs whose learner was warned of an end.
    var warned: Set<RunName> = []
    /// Since when there are no more faults.
    var calmSince: Timestamp?
    /// Which run an endpoint belongs to; none is given twice.
    var endpoints: [Endpoint: RunName] = [:]
    /// The most slots that a host has had.
    var mostSlots: [String: Int] = [:]
    var complaints: [String] = []
    /// The last steps, for the failure message.
    var trace: [String] = []
    var newIDs = 0
    /// How often each kind of thing happened: a simulator that exercises nothing finds nothing.
    var tally: [String: Int] = [:]

    var wall: Timestamp { time + clockOffset }

    init(seed: UInt64) {
        self.seed = seed
        var random = SplitMix64(seed: seed)
        sharedHomes = random.oneIn(2)
        calmness = random.pick([1, 1, 4, 12])!
        freeFloorPercent = random.pick([0, 0, 10, 50])!
        allLabs = [
            .simulated(
                "python", .jupyter, memory: 1, idle: .seconds(60), lifetime: .seconds(900), warning: .seconds(20)),
            .simulated("rstudio", .rstudio, memory: 2, idle: .seconds(90), lifetime: .seconds(600)),
            .simulated("big", .http, memory: 5, idle: .seconds(40), lifetime: .seconds(300), warning: .seconds(10)),
        ]
        let count = Int.random(in: 1...4, using: &random)
        allHosts = (1...count).map { index in
            HostSpec(
                name: "h\(index)", slots: Int.random(in: 1...4, using: &random),
                memoryBytes: Int64.random(in: 2...8, using: &random) << 30, overcommit: random.oneIn(2) ? 1 : 1.25,
                maximumStarts: Int.random(in: 1...3, using: &random))
        }
        configuration = (allLabs, allHosts)
        learners = (1...Int.random(in: 3...12, using: &random)).map {
            Learner(portal: $0 % 2 == 0 ? "east" : "west", id: "l\($0)", name: "Learner \($0)")
        }
        store = SimulatedStore(sharedHomes: sharedHomes)
        let images = allLabs.map(\.image)
        for host in allHosts {
            let missing = random.oneIn(4) ? random.pick(images) : nil
            engines[host.name] = SimulatedEngine(host: host.name, images: Set(images.filter { $0 != missing }))
        }
        self.random = random
    }

    // MARK: The course of a run

    /// Steps with faults, then time without, until everything must have settled.
    func run(steps: Int) {
        bootBroker()
        plan(.learnerActs, in: .milliseconds(10))
        plan(.operatorActs, in: .seconds(20))
        plan(.instructorActs, in: .seconds(2))
        plan(.nature, in: .seconds(5))
        for _ in 0..<steps where complaints.isEmpty { step() }
        guard complaints.isEmpty else { return }
        calmDown()
        let (middle, end) = (time + .seconds(200), time + .seconds(1500))
        while time < middle, complaints.isEmpty { step() }
        checkOrphans(olderThan: .seconds(100))
        while time < end, complaints.isEmpty { step() }
        if complaints.isEmpty { checkSettled() }
    }

    /// The next thing on the agenda, or a tick, whichever is due first.
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

    /// News from an engine or a lab: may be lost, come twice, come late.
    func deliver(_ event: Event, within delay: ClosedRange<Int64> = 1...200) {
        if hasFaults, random.oneIn(20 * calmness) {
            count("reply lost")
            return
        }
        plan(.deliver(event, generation: generation), in: random.milliseconds(delay))
        if hasFaults, random.oneIn(20 * calmness) {
            count("reply duplicated")
            // A listing that comes later than the core's limit would not be one.
            let latest: Int64 = if case .hostListed = event { 6000 } else { 40_000 }
            plan(.deliver(event, generation: generation), in: random.milliseconds(1...latest))
        }
    }

    func count(_ what: String) { tally[what, default: 0] += 1 }

    func complain(_ what: String) { complaints.append(what) }

    func remember(_ what: String) {
        trace.append("\(time.milliseconds - 1_000_000_000_000) \(what)")
        if trace.count > 60 { trace.removeFirst() }
    }

    func newRequest() -> RequestID {
        requests += 1
        return RequestID(rawValue: requests)
    }
}

extension Lab {
    static func simulated(
        _ name: String, _ kind: LabKind, memory: Int64, idle: Duration, lifetime: Duration, warning: Duration = .zero
    ) -> Lab {
        Lab(
            name: name, title: name, kind: kind, image: "lab/\(name)", memoryBytes: memory << 30, cpus: 1,
            processLimit: 100, idleTimeout: idle, maximumLifetime: lifetime, readyTimeout: .seconds(20),
            egress: .none, port: 8888, homePath: "/home/learner", userID: 1000, groupID: 1000,
            idleWarning: warning)
    }
}
