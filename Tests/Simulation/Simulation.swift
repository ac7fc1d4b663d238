import BrokerCore
import SeededRandom

/// A small world around the real core: engines, a store, an edge, learners, operators, instructors and a clock, with
/// everything that goes wrong between them (`Fault`). Driven by one seed; after every step the invariants are looked at.
///
/// Time is the agenda's; the wall clock that the broker reads is the agenda's time plus an offset that may jump.
///
/// To add something that happens in the world: a case of `Happening`, what it does in `perform(_:)`, and
/// `plan(.itsName, in: …)` where it comes from. An event for the core that comes from people goes into `learnerActs`,
/// `operatorActs` or `instructorActs` by `take(_:)`; one that comes from an engine, a lab or the edge by `deliver(_:)`,
/// which loses, delays and repeats it. An action of the core is carried out in `carryOut(_:)`, a call to an engine in
/// `execute(_:)`. A new change goes into `SimulatedStore.commit`, with what may follow what; what must hold in the
/// world goes into `checkAfterStep`, what must hold once all is well again into `checkSettled` and `checkEmpty`.
public final class Simulation {
    /// What is going to happen.
    enum Happening {
        /// News for the broker process of that generation.
        case deliver(Event, generation: Int)
        /// The broker takes in what has been delivered.
        case work(generation: Int)
        case call(EngineCall)
        /// The broker looks at a host: a listing, or the news that there is no answer. Again and again.
        case monitor(host: String, generation: Int)
        /// The same once, because a listing could not be stored.
        case listAgain(host: String, generation: Int)
        case learnerActs
        case operatorActs
        case instructorActs
        case nature
        case hostHeals(String)
        case hostSpeedsUp(String)
        case restartBroker
    }

    public let seed: UInt64
    var random: SplitMix64
    var time = Timestamp(milliseconds: 1_000_000_000_000)
    var clockOffset = Duration.zero
    /// The offset that the broker knows of.
    var knownOffset = Duration.zero
    /// By how much the clock has jumped as of the present step, of which the disk knows nothing yet.
    var stepJump = Duration.zero
    /// Hosts that were found unproved during the step that is under way.
    var unprovedInStep: Set<String> = []
    /// When the broker last took in a jump.
    var tookJumpAt: Timestamp?
    var agenda = Agenda<Happening>()
    /// Things go wrong.
    var hasFaults: Bool
    /// People ask for things.
    var isOpen = true
    var hasClockJumped = false
    /// Faults are this many times rarer: some worlds are calm enough for labs to grow old.
    let calmness: Int

    // The world.
    var engines: [String: SimulatedEngine] = [:]
    var store: SimulatedStore
    /// Until when the broker's disk takes nothing.
    var diskFullUntil: Timestamp?
    var configuration: (labs: [Lab], hosts: [HostSpec])
    let freeFloorPercent: Int
    var pools: [PoolSpec] = []
    var density: Density
    var allLabs: [Lab]
    /// Whose timeouts are half of what they were.
    var briefLabs: Set<String> = []
    let allHosts: [HostSpec]
    /// Never in the configuration: operators add and remove them.
    let spareHosts: [HostSpec]
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
    /// What start tasks report, where that is not the container's own name: a claimed warm seat's.
    var reportsAs: [RunName: RunName] = [:]
    /// When the broker last asked for a container's removal.
    var removalAskedAt: [RunName: Timestamp] = [:]
    /// Until when a call of a start is on its way to the engine.
    var busyUntil: [RunName: Timestamp] = [:]
    /// The moments between two acts of the broker at which it could have died so far.
    public internal(set) var crashPoints = 0
    /// At which of them it does, if it is to be one and no other.
    var crashPoint: Int?

    // What must hold.
    var requests: UInt64 = 0
    var launchesAsked: Set<RequestID> = []
    /// Visits to parked sessions, with the run that was parked.
    var visits: [RequestID: RunName] = [:]
    /// More time that was asked for, by who asked.
    var extensions: [String: Extension] = [:]
    var acknowledged: Set<SessionID> = []
    var admitted: Set<ReservationID> = []
    var runHosts: [RunName: String] = [:]
    var lastBusy: [RunName: Timestamp] = [:]
    var asked: Set<RunName> = []
    /// Runs whose learner was warned of an end.
    var warned: Set<RunName> = []
    /// The ends that were foretold after the last step.
    var foretold: [SessionID: [ForetoldEnd]] = [:]
    /// Nothing happens in the present step but that time passes.
    var isOnlyTime = false
    /// Since when there are no more faults.
    var calmSince: Timestamp?
    /// Which run an endpoint belongs to; none is given twice.
    var endpoints: [Endpoint: RunName] = [:]
    /// The most slots that a host has had.
    var mostSlots: [String: Int] = [:]
    public internal(set) var complaints: [String] = []
    var newIDs = 0

    // What is told of the run.
    let traceLength: Int
    /// The last steps.
    public internal(set) var trace: [String] = []
    /// How often each kind of thing happened: a simulator that exercises nothing finds nothing.
    public internal(set) var tally: [String: Int] = [:]
    /// Events that the core was handed.
    public internal(set) var eventCount = 0

    var wall: Timestamp { time + clockOffset }

    /// - Parameters:
    ///   - hasFaults: things go wrong all the time.
    ///   - crashPoint: without other faults, the one moment between two acts of the broker at which it dies, from 1.
    ///   - traceLength: how many of the last steps are kept in words, which costs more time than all the rest.
    public init(seed: UInt64, hasFaults: Bool = true, crashPoint: Int? = nil, traceLength: Int = 0) {
        self.seed = seed
        self.hasFaults = hasFaults
        self.crashPoint = crashPoint
        self.traceLength = traceLength
        var random = SplitMix64(seed: seed)
        sharedHomes = random.oneIn(2)
        calmness = random.pick([1, 1, 4, 12])!
        freeFloorPercent = random.pick([0, 0, 10, 50])!
        allLabs = [
            .simulated(
                "python", .jupyter, memory: 1, idle: .seconds(60), lifetime: .seconds(900), warning: .seconds(20),
                parksFor: .seconds(random.pick([0, 200, 4000])!)),
            .simulated("rstudio", .rstudio, memory: 2, idle: .seconds(90), lifetime: .seconds(600)),
            .simulated(
                "big", .http, memory: 5, idle: .seconds(40), lifetime: .seconds(300), warning: .seconds(10),
                parksFor: .seconds(random.oneIn(2) ? 100 : 0),
                requires: random.oneIn(4) ? ["gpu": "true"] : [:]),
            .simulated(
                "quick", .http, memory: 1, idle: .seconds(40), lifetime: .seconds(200), files: .none),
        ]
        let count = Int.random(in: 1...4, using: &random)
        // In some worlds there is room beside those who come, which pools take.
        let room = random.pick([1, 1, 3])!
        allHosts = (1...count).map { index in
            HostSpec(
                name: "h\(index)", slots: Int.random(in: 1...4, using: &random) * room,
                memoryBytes: Int64.random(in: 2...8, using: &random) * Int64(room) << 30,
                overcommit: random.oneIn(2) ? 1 : 1.25,
                maximumStarts: Int.random(in: 1...3, using: &random))
        }
        spareHosts = (1...2).map {
            HostSpec(
                name: "x\($0)", slots: 2, memoryBytes: 6 << 30, overcommit: 1, maximumStarts: 2,
                labels: random.oneIn(2) ? ["gpu": "true"] : [:])
        }
        configuration = (allLabs, allHosts)
        learners = (1...Int.random(in: 3...12, using: &random)).map {
            Learner(portal: $0 % 2 == 0 ? "east" : "west", id: "l\($0)", name: "Learner \($0)")
        }
        store = SimulatedStore(
            sharedHomes: sharedHomes, filelessLabs: Set(allLabs.filter { $0.files == .none }.map(\.name)))
        let images = allLabs.map(\.image)
        for host in allHosts + spareHosts {
            let missing = hasFaults && random.oneIn(4) ? random.pick(images) : nil
            engines[host.name] = SimulatedEngine(
                host: host.name, images: Set(images.filter { $0 != missing }),
                attaches: sharedHomes && !random.oneIn(3))
        }
        pools = Self.somePools(&random)
        density = Self.someDensity(&random)
        self.random = random
    }

    static func somePools(_ random: inout SplitMix64) -> [PoolSpec] {
        ["python", "rstudio", "quick"].filter { _ in random.oneIn(2) }.map { lab in
            let minimum = Int.random(in: 0...3, using: &random)
            return PoolSpec(
                key: PoolKey(portal: random.oneIn(2) ? "east" : "west", lab: lab), minimum: minimum,
                maximum: minimum + Int.random(in: 0...3, using: &random),
                perHost: Int.random(in: 1...3, using: &random))
        }
    }

    /// Profiles count after a few sessions; sometimes much sooner than what they say is safe, and the valve has to hold.
    static func someDensity(_ random: inout SplitMix64) -> Density {
        let close = random.pick([60, 85, 100])!
        return Density(
            policy: random.oneIn(2) ? .guaranteed : .profiled, marginPercent: random.pick([100, 125, 200])!,
            floorBytes: 64 << 20, sessions: Int.random(in: 1...6, using: &random), closeAbovePercent: close,
            openBelowPercent: close - 10)
    }

    func complain(_ what: String) { complaints.append(what) }

    /// A line of the trace. Words are made of events and actions only where somebody reads them.
    func remember(_ what: @autoclosure () -> String) {
        guard traceLength > 0 else { return }
        trace.append("\(time.milliseconds - 1_000_000_000_000) \(what())")
        if trace.count > traceLength { trace.removeFirst() }
    }

    /// What the broker knows of sessions, hosts and reservations, in words.
    public var memory: [String] {
        guard let core else { return ["the broker is dead"] }
        let sessions = core.sessions.sorted { $0.id < $1.id }.map { session in
            let reservation = session.reservation.map { ", seat of \($0)" } ?? ""
            return "\(session.id) \(session.lab) epoch \(session.epoch)\(reservation): \(session.state)"
        }
        let hosts = core.hostStatuses.map { "\($0.name) \($0.state), \($0.seats) of \($0.slots) slots" }
        let reservations = store.reservations.keys.sorted().compactMap { core.reservation($0) }.map { reservation in
            let terms = reservation.terms
            return "\(reservation.id) \(reservation.phase), \(terms.seats) \(terms.lab) on \(reservation.allocation), "
                + "\(terms.opensAt.milliseconds) to \(terms.to.milliseconds), over \(terms.endsAt.milliseconds)"
        }
        return sessions + hosts + reservations + ["the clock says \(wall.milliseconds)"]
    }

    func newRequest() -> RequestID {
        requests += 1
        return RequestID(rawValue: requests)
    }
}

extension Lab {
    static func simulated(
        _ name: String, _ kind: LabKind, memory: Int64, idle: Duration, lifetime: Duration, warning: Duration = .zero,
        parksFor: Duration = .zero, files: LabFiles = .home, requires: [String: String] = [:]
    ) -> Lab {
        Lab(
            name: name, title: name, kind: kind, image: "lab/\(name)", memoryBytes: memory << 30, cpus: 1,
            processLimit: 100, idleTimeout: idle, maximumLifetime: lifetime, readyTimeout: .seconds(20),
            egress: .none, port: 8888, homePath: "/home/learner", userID: 1000, groupID: 1000,
            idleWarning: warning, parksFor: parksFor, files: files, requires: requires)
    }
}

/// The simulator's own named limits.
enum SimulationLimits {
    /// Steps that a failure shows.
    static let failureSteps = 80
    /// Without faults, nothing is half done any longer after this.
    static let settlingTime = Duration.seconds(1500)
    /// How long after the end of faults containers of nobody may still be there.
    static let orphanTime = Duration.seconds(200)
    /// How long the last of those who waited may have to wait and to live once nobody new comes.
    static let emptyingTime = Duration.seconds(36 * 3600)
}
