import BrokerCore
import Identity
import Literals
import SeededRandom

/// A small world around the real core: engines, a store, an edge, learners, operators, instructors and a clock, with
/// all kinds of faults between them (`Fault`). One seed drives it; the invariants are checked after every step.
///
/// Time is the agenda's logical clock; the wall clock that the broker reads is that time plus an offset that may jump.
///
/// To add an event of the world: a case of `Happening`, its effect in `perform(_:)`, and `plan(.itsName, in: …)` at its
/// origin. An event for the core that comes from people goes into `learnerActs`, `operatorActs` or `instructorActs` by
/// `take(_:)`; one that comes from an engine, a lab or the edge by `deliver(_:)`, which loses, delays and duplicates
/// it. An action of the core is carried out in `carryOut(_:)`, a call to an engine in `execute(_:)`. A new change goes
/// into `SimulatedStore.commit`, with the transitions that are legal. Invariants of the world go into `checkAfterStep`,
/// those that hold after settling into `checkSettled` and `checkEmpty`.
public final class Simulation {
    /// A planned event.
    enum Happening {
        /// An event for the broker process of that generation.
        case deliver(Event, generation: Int)
        /// The broker processes its inbox.
        case work(generation: Int)
        case call(EngineCall)
        /// The broker polls a host: a listing, or the news that there is no answer. Repeats itself.
        case monitor(host: String, generation: Int)
        /// As `monitor`, but once, because a listing could not be stored.
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
    /// The clock offset that the broker knows of.
    var knownOffset = Duration.zero
    /// By how much the clock has jumped in the current step, which is not on disk yet.
    var stepJump = Duration.zero
    /// Hosts that were found unproved during the current step.
    var unprovedInStep: Set<String> = []
    /// When the broker last processed a clock jump.
    var tookJumpAt: Timestamp?
    var agenda = Agenda<Happening>()
    /// Whether faults occur.
    var hasFaults: Bool
    /// Whether people make requests.
    var isOpen = true
    var hasClockJumped = false
    /// The factor by which faults are rarer: some worlds are calm enough for labs to grow old.
    let calmness: Int

    // The world.
    var engines: [String: SimulatedEngine] = [:]
    var store: SimulatedStore
    /// The broker's disk is full until this time.
    var diskFullUntil: Timestamp?
    var configuration: (labs: [Lab], hosts: [HostSpec])
    let freeFloorPercent: Int
    var pools: [PoolSpec] = []
    var density: Density
    var quotas: [PortalID: PortalQuota]
    var allLabs: [Lab]
    /// Labs whose timeouts are halved.
    var briefLabs: Set<LabKey> = []
    let allHosts: [HostSpec]
    /// Hosts outside the configuration, which operators add and remove.
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
    /// The run under which start tasks report, where it differs from the container's name: for a claimed warm seat.
    var reportsAs: [RunName: RunName] = [:]
    /// When the broker last requested a container's removal.
    var removalAskedAt: [RunName: Timestamp] = [:]
    /// Until when a call of a start is in transit to the engine.
    var busyUntil: [RunName: Timestamp] = [:]
    /// The number of points so far, between two actions of the broker, at which it could have crashed.
    public internal(set) var crashPoints = 0
    /// The point at which it does crash, if the run has exactly one crash.
    var crashPoint: Int?

    // The facts that the invariants are checked against.
    var requests: UInt64 = 0
    var launchesAsked: Set<RequestID> = []
    /// Visits to parked sessions, with the parked run.
    var visits: [RequestID: RunName] = [:]
    /// Requested extensions, by requester.
    var extensions: [String: Extension] = [:]
    var acknowledged: Set<SessionID> = []
    var admitted: Set<ReservationID> = []
    var runHosts: [RunName: String] = [:]
    var lastBusy: [RunName: Timestamp] = [:]
    var asked: Set<RunName> = []
    /// Runs whose learner was warned of their end.
    var warned: Set<RunName> = []
    /// The ends that were predicted after the last step.
    var foretold: [SessionID: [ForetoldEnd]] = [:]
    /// Whether nothing but the passage of time happens in the current step.
    var isOnlyTime = false
    /// Since when faults have been stopped.
    var calmSince: Timestamp?
    /// The run that an endpoint belongs to; endpoints are never reused.
    var endpoints: [Endpoint: RunName] = [:]
    /// The highest number of slots that a host has had.
    var mostSlots: [String: Int] = [:]
    public internal(set) var complaints: [String] = []
    var newIDs = 0

    // The report of the run.
    let traceLength: Int
    /// The last steps of the trace.
    public internal(set) var trace: [String] = []
    /// How often each kind of event occurred: a simulator that exercises nothing finds nothing.
    public internal(set) var tally: [String: Int] = [:]
    /// The number of events that the core received.
    public internal(set) var eventCount = 0

    var wall: Timestamp { time + clockOffset }

    /// - Parameters:
    ///   - hasFaults: whether faults occur throughout the run.
    ///   - crashPoint: without other faults, the one point between two actions of the broker at which it crashes, from
    ///     1.
    ///   - traceLength: the number of steps to keep in the trace, which costs more time than everything else.
    public init(seed: UInt64, hasFaults: Bool = true, crashPoint: Int? = nil, traceLength: Int = 0) {
        self.seed = seed
        self.hasFaults = hasFaults
        self.crashPoint = crashPoint
        self.traceLength = traceLength
        var random = SplitMix64(seed: seed)
        sharedHomes = random.oneIn(2)
        calmness = random.pick([1, 1, 4, 12])!
        freeFloorPercent = random.pick([0, 0, 10, 50])!
        allLabs = Self.labs(of: "east", &random) + Self.labs(of: "west", &random)
        let count = Int.random(in: 1...4, using: &random)
        // In some worlds there is spare capacity, which pools take.
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
            sharedHomes: sharedHomes, filelessLabs: Set(allLabs.filter { $0.files == .none }.map(\.key)))
        let images = allLabs.map(\.image)
        for host in allHosts + spareHosts {
            let missing = hasFaults && random.oneIn(4) ? random.pick(images) : nil
            engines[host.name] = SimulatedEngine(
                host: host.name, images: Set(images.filter { $0 != missing }),
                attaches: sharedHomes && !random.oneIn(3))
        }
        pools = Self.somePools(&random)
        density = Self.someDensity(&random)
        quotas = Self.someQuotas(&random)
        self.random = random
    }

    /// Both portals have labs of the same names; what they need and how long they stay may differ.
    private static func labs(of portal: PortalID, _ random: inout SplitMix64) -> [Lab] {
        [
            .simulated(
                "python", of: portal, .jupyter, memory: 1, idle: .seconds(60), lifetime: .seconds(900),
                warning: .seconds(20), parksFor: .seconds(random.pick([0, 200, 4000])!)),
            .simulated(
                "rstudio", of: portal, .rstudio, memory: random.oneIn(3) ? 1 : 2, idle: .seconds(90),
                lifetime: .seconds(600)),
            .simulated(
                "big", of: portal, .http, memory: 5, idle: .seconds(40), lifetime: .seconds(300), warning: .seconds(10),
                parksFor: .seconds(random.oneIn(2) ? 100 : 0), requires: random.oneIn(4) ? ["gpu": "true"] : [:]),
            .simulated(
                "quick", of: portal, .http, memory: 1, idle: .seconds(40), lifetime: .seconds(200), files: .none),
        ]
    }

    static func somePools(_ random: inout SplitMix64) -> [PoolSpec] {
        ["python", "rstudio", "quick"].filter { _ in random.oneIn(2) }.map { lab in
            let minimum = Int.random(in: 0...3, using: &random)
            return PoolSpec(
                key: LabKey(portal: random.oneIn(2) ? "east" : "west", name: lab), minimum: minimum,
                maximum: minimum + Int.random(in: 0...3, using: &random),
                perHost: Int.random(in: 1...3, using: &random))
        }
    }

    /// Most portals have no quota; some have one that a few learners reach.
    static func someQuotas(_ random: inout SplitMix64) -> [PortalID: PortalQuota] {
        func quota(_ random: inout SplitMix64) -> PortalQuota {
            PortalQuota(
                sessions: random.oneIn(4) ? Int.random(in: 2...8, using: &random) : nil,
                seats: random.oneIn(3) ? Int.random(in: 1...4, using: &random) : nil,
                memoryBytes: random.oneIn(4) ? Int64.random(in: 5...9, using: &random) << 30 : nil)
        }
        return ["east": quota(&random), "west": quota(&random)]
    }

    /// Profiles count after a few sessions; sometimes much sooner than is safe, so that the pressure valve has to hold.
    static func someDensity(_ random: inout SplitMix64) -> Density {
        let close = random.pick([60, 85, 100])!
        return Density(
            policy: random.oneIn(2) ? .guaranteed : .profiled, marginPercent: random.pick([100, 125, 200])!,
            floorBytes: 64 << 20, sessions: Int.random(in: 1...6, using: &random), closeAbovePercent: close,
            openBelowPercent: close - 10)
    }

    func complain(_ what: String) { complaints.append(what) }

    /// Adds a line to the trace. Descriptions of events and actions are built only if a trace is kept.
    func remember(_ what: @autoclosure () -> String) {
        guard traceLength > 0 else { return }
        trace.append("\(time.milliseconds - 1_000_000_000_000) \(what())")
        if trace.count > traceLength { trace.removeFirst() }
    }

    /// A description of the sessions, hosts and reservations that the broker knows of.
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
        _ name: String, of portal: PortalID, _ kind: LabKind, memory: Int64, idle: Duration, lifetime: Duration,
        warning: Duration = .zero,
        parksFor: Duration = .zero, files: LabFiles = .home, requires: [String: String] = [:]
    ) -> Lab {
        Lab(
            key: LabKey(portal: portal, name: name), title: name, kind: kind, image: "lab/\(name)",
            memoryBytes: memory << 30, cpus: 1,
            processLimit: 100, idleTimeout: idle, maximumLifetime: lifetime, readyTimeout: .seconds(20),
            egress: .none, port: 8888, homePath: "/home/learner", userID: 1000, groupID: 1000,
            idleWarning: warning, parksFor: parksFor, files: files, requires: requires)
    }
}

/// The simulator's own named limits.
enum SimulationLimits {
    /// Steps that a failure report shows.
    static let failureSteps = 80
    /// Without faults, all pending work is finished after this time.
    static let settlingTime = Duration.seconds(1500)
    /// How long orphan containers may exist after the end of faults.
    static let orphanTime = Duration.seconds(200)
    /// How long the last waiting learners may have to wait and to live after the last arrival.
    static let emptyingTime = Duration.seconds(36 * 3600)
}
