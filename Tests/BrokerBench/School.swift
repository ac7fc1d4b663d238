import BrokerCore
import Identity

/// A core with hosts that have answered and sessions that run, and the time that its decisions take.
struct School {
    /// Slots for each that a session has.
    static let roominess = 1.2
    static let labCount = 8
    static let portalCount = 20
    static let memoryUnit: Int64 = 1 << 28

    /// Every portal offers the same labs.
    static let labs = (0..<portalCount).flatMap { portal in (0..<labCount).map { lab($0, of: Self.portal(portal)) } }

    private static func portal(_ number: Int) -> PortalID { PortalID(rawValue: "portal-\(number)") }

    private static func lab(_ index: Int, of portal: PortalID) -> Lab {
        Lab(
            key: LabKey(portal: portal, name: "lab-\(index)"), title: "Lab \(index)", kind: .jupyter,
            image: "lab/\(index)",
            memoryBytes: Int64(1 + index % 4) * memoryUnit, cpus: 1, processLimit: 100,
            idleTimeout: .seconds(3600), maximumLifetime: .seconds(36_000), readyTimeout: .seconds(60), egress: .none,
            port: 8888, homePath: "/home/learner", userID: 1000, groupID: 1000)
    }

    var core = BrokerCore(sharedHomes: true)
    let hosts: [HostSpec]
    var now = Timestamp(milliseconds: 1_800_000_000_000)
    private(set) var launched = 0
    private var requests: UInt64 = 0

    /// Hosts with room for so many sessions, and some more.
    init(hosts count: Int, sessions: Int) {
        let slots = Int(Double(sessions) * Self.roominess) / count
        hosts = (0..<count).map {
            HostSpec(
                name: "host-\($0)", slots: slots, memoryBytes: Int64(slots) * Self.memoryUnit * 4, overcommit: 1,
                maximumStarts: 8)
        }
    }

    var configured: Event { .configure(labs: Self.labs, hosts: hosts) }

    /// The hosts answer, and so many labs run.
    mutating func fill(sessions: Int) {
        open()
        for _ in 0..<sessions { ready(launch()) }
    }

    /// The configuration is read and every host has answered.
    mutating func open() {
        handle(configured)
        for host in hosts { handle(.hostListed(host: host.name, containers: [])) }
    }

    /// Median of so many launches that find a seat, in microseconds.
    mutating func launches(_ count: Int) -> Double {
        median(count) { school in
            let event = school.nextClick
            let began = ContinuousClock.now
            school.handle(event)
            let taken = ContinuousClock.now - began
            school.ready(Self.id(school.launched - 1))
            return taken
        }
    }

    /// All seats taken and a thousand waiting: median of so many seats that become free, in microseconds.
    mutating func seatsFreed(_ count: Int) -> Double {
        while core.queueLength < 1000 {
            let id = launch()
            if case .starting? = core.session(id)?.state { ready(id) }
        }
        var leaving = 0
        return median(count) { school in
            let id = Self.id(leaving)
            leaving += 1
            school.handle(.end(id, reason: .learnerEnded, request: school.newRequest()))
            let began = ContinuousClock.now
            let actions = school.handle(.containerRemoved(id, epoch: 1))
            let taken = ContinuousClock.now - began
            // So that its host can start the next one.
            for case .start(let next, _, _) in actions { school.ready(next) }
            return taken
        }
    }

    /// Median of so many classes that are given their seats, in microseconds. The labs that run meanwhile have all ended by
    /// then; one of them ends, and another one begins, between two.
    mutating func reservations(_ count: Int) -> Double {
        var leaving = launched / 2
        return median(count) { school in
            let event = school.nextClass
            let began = ContinuousClock.now
            let actions = school.handle(event)
            let taken = ContinuousClock.now - began
            guard actions.contains(where: { if case .answer(_, .reservation) = $0 { true } else { false } }) else {
                preconditionFailure("there are seats for everybody")
            }
            let id = Self.id(leaving)
            leaving += 1
            school.handle(.end(id, reason: .learnerEnded, request: school.newRequest()))
            school.handle(.containerRemoved(id, epoch: 1))
            school.ready(school.launch())
            return taken
        }
    }

    /// Median of so many rounds of readings, each of all labs on one host, in microseconds.
    mutating func readings(_ count: Int) -> Double {
        var round = 0
        return median(count) { school in
            let host = school.hosts[round % school.hosts.count].name
            round += 1
            let samples = school.core.measurable(on: host).map { run in
                UsageSample(
                    session: run.session, epoch: run.epoch, at: school.now, memoryBytes: 200 << 20,
                    cpuNanoseconds: UInt64(round) * 1_000_000_000)
            }
            let event = Event.usageSampled(host: host, samples)
            let began = ContinuousClock.now
            school.handle(event)
            return ContinuousClock.now - began
        }
    }

    private mutating func median(_ count: Int, _ measure: (inout School) -> Duration) -> Double {
        var taken: [Duration] = []
        for _ in 0..<count { taken.append(measure(&self)) }
        taken.sort()
        return taken[count / 2] / .microseconds(1)
    }

    // MARK: Events

    /// As long as those that the broker makes.
    static func id(_ number: Int) -> SessionID {
        let digits = String(number)
        return SessionID(rawValue: String(repeating: "s", count: 20 - digits.count) + digits)
    }

    static func endpoint(_ number: Int) -> Endpoint { Endpoint(address: "10.0.0.1", port: 32_768 + number % 30_000) }

    mutating func newRequest() -> RequestID {
        requests += 1
        return RequestID(rawValue: requests)
    }

    /// Thirty seats for another course, a day from now.
    private var nextClass: Event {
        mutating get {
            let request = newRequest()
            let terms = ReservationTerms(
                lab: LabKey(portal: Self.portal(Int(request.rawValue) % Self.portalCount), name: Self.labs[0].name),
                seats: 30, from: now + .seconds(86_400), to: now + .seconds(86_400 + 7200),
                context: "course-\(request.rawValue)")
            return .reserve(terms, newID: ReservationID(rawValue: "class-\(request.rawValue)"), request: request)
        }
    }

    /// The next learner's click.
    var nextClick: Event {
        mutating get {
            let number = launched
            launched += 1
            let learner = Learner(
                portal: Self.portal(number % Self.portalCount), id: "learner-\(number)-of-the-school",
                name: "Learner Number \(number)")
            return .launch(
                learner: learner, lab: Self.labs[number % Self.labCount].name, newID: Self.id(number),
                request: newRequest())
        }
    }

    private mutating func launch() -> SessionID {
        handle(nextClick)
        return Self.id(launched - 1)
    }

    mutating func ready(_ id: SessionID) {
        handle(.labReady(id, epoch: 1, endpoint: Self.endpoint(launched)))
    }

    @discardableResult
    private mutating func handle(_ event: Event) -> [Action] {
        let actions = core.handle(event, at: now)
        core.confirm()
        return actions
    }
}
