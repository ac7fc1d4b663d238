import Identity
import Literals
import Testing
import Words

@testable import BrokerCore

/// A core with a manual clock, shorthands for events, and a check of the invariants and (unless a test disables it) a
/// successful commit after every step.
struct Scene {
    var core: BrokerCore
    var now = Timestamp(milliseconds: 1_000_000_000_000)
    var commits = true
    /// The changes that the last step wanted to commit.
    var changes: [Change] = []
    private var requests: UInt64 = 0

    init(sharedHomes: Bool = true) {
        core = BrokerCore(sharedHomes: sharedHomes)
    }

    /// Hosts that have answered, by default with 4 slots, 8 GiB and 2 parallel starts each, and three labs.
    ///
    /// - Parameter portals: each of them offers all the labs.
    static func ready(
        hosts: [HostSpec] = [.small("h1")], labs: [Lab] = [.python, .rstudio, .big], sharedHomes: Bool = true,
        portals: [PortalID] = ["school"]
    ) -> Scene {
        var scene = Scene(sharedHomes: sharedHomes)
        scene.send(.configure(labs: portals.flatMap { portal in labs.map { $0.of(portal) } }, hosts: hosts))
        for host in hosts { scene.send(.hostListed(host: host.name, containers: [])) }
        return scene
    }

    @discardableResult
    mutating func send(_ event: Event, sourceLocation: SourceLocation = #_sourceLocation) -> [Action] {
        let actions = core.handle(event, at: now)
        #expect(core.violations(at: now) == [], sourceLocation: sourceLocation)
        changes = core.pendingChanges
        if commits { core.confirm() }
        return actions
    }

    /// Advances the clock, with a tick at every deadline on the way, and one at the end.
    @discardableResult
    mutating func wait(
        _ duration: Duration, sourceLocation: SourceLocation = #_sourceLocation
    ) -> [Action] {
        let end = now + duration
        var actions: [Action] = []
        var all: [Change] = []
        func isDue() -> Bool { core.nextDeadline.map { $0 <= end } ?? false }
        while isDue(), let next = core.nextDeadline {
            now = max(now, next)
            actions += send(.tick, sourceLocation: sourceLocation)
            all += changes
            guard core.nextDeadline.map({ $0 > now }) ?? true else {
                Issue.record("a tick that leads nowhere", sourceLocation: sourceLocation)
                break
            }
        }
        now = end
        actions += send(.tick, sourceLocation: sourceLocation)
        changes = all + changes
        return actions
    }

    mutating func request() -> RequestID {
        requests += 1
        return RequestID(rawValue: requests)
    }

    /// The request of the last `launch`, `restart` or `end`.
    var lastRequest: RequestID { RequestID(rawValue: requests) }

    @discardableResult
    mutating func launch(
        _ id: SessionID, learner: String? = nil, lab: String = "python", portal: PortalID = "school",
        context: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> [Action] {
        send(
            .launch(
                learner: .named(learner ?? id.rawValue, portal), lab: lab, context: context, newID: id,
                request: request()),
            sourceLocation: sourceLocation)
    }

    @discardableResult
    mutating func restart(_ id: SessionID) -> [Action] { send(.restart(id, request: request())) }

    @discardableResult
    mutating func end(_ id: SessionID, _ reason: EndReason = .learnerEnded) -> [Action] {
        send(.end(id, reason: reason, request: request()))
    }

    @discardableResult
    mutating func keep(_ id: SessionID) -> [Action] { send(.keep(id, request: request())) }

    @discardableResult
    mutating func extend(_ id: SessionID, by duration: Duration, note: String = "") -> [Action] {
        send(.extend(id, Extension(by: duration, who: "ada", note: note), request: request()))
    }

    @discardableResult
    mutating func ready(_ id: SessionID, epoch: Int = 1) -> [Action] {
        send(.labReady(id, epoch: epoch, endpoint: .of(id)))
    }

    /// Launches a session and lets it become ready.
    mutating func run(_ id: SessionID, learner: String? = nil, lab: String = "python") {
        launch(id, learner: learner, lab: lab)
        ready(id)
    }

    @discardableResult
    mutating func listed(
        _ host: String, _ containers: [ObservedContainer] = [], asked: Int = .max
    ) -> [Action] {
        send(.hostListed(host: host, containers: containers, asked: asked))
    }

    @discardableResult
    mutating func silent(_ host: String, _ reason: String = "connection refused") -> [Action] {
        send(.hostSilent(host: host, reason: reason))
    }

    /// The host stays silent beyond the silence grace.
    @discardableResult
    mutating func away(_ host: String, _ reason: String = "connection refused") -> [Action] {
        var actions = silent(host, reason)
        let first = changes
        now = now + Limits.silenceGrace
        actions += send(.tick)
        changes = first + changes
        return actions
    }

    @discardableResult
    mutating func declareLost(_ host: String) -> [Action] { send(.declareLost(host: host, request: request())) }

    func state(_ id: SessionID) -> SessionState? { core.session(id)?.state }

    func host(_ id: SessionID) -> String? { state(id)?.host }

    /// The states in the story entries of the last step's changes, in order.
    var toldStates: [String] { stories.map(\.state) }

    /// The story entries of the last step's changes, in the operators' words.
    var stories: [StoryEntry] { lines.map { StoryEntry($0) } }

    var lines: [StoryLine] {
        changes.compactMap { if case .story(let line) = $0 { line } else { nil } }
    }

    var storedSessions: [Session] {
        changes.compactMap { if case .session(let session) = $0 { session } else { nil } }
    }
}

extension BrokerCore {
    /// What a session is doing, in the operators' words; `nil` if it is not in memory.
    func explanation(of id: SessionID, at now: Timestamp) -> String? { standing(of: id, at: now)?.text }

    /// The facts about a session, in the operators' words.
    func explain(_ session: Session, story: [StoryEntry], at now: Timestamp) -> SessionExplanation {
        SessionExplanation(facts(about: session, story: story, at: now))
    }
}

extension SessionID: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(rawValue: value) }
}

extension Learner {
    static func named(_ id: String, _ portal: PortalID = "school") -> Learner {
        Learner(portal: portal, id: id, name: id.uppercased())
    }
}

extension Endpoint {
    static func of(_ id: SessionID) -> Endpoint { Endpoint(address: "10.0.0.1", port: 40_000 + id.rawValue.count) }
}

extension ObservedContainer {
    static func running(_ id: SessionID, epoch: Int = 1) -> ObservedContainer {
        ObservedContainer(
            session: id, epoch: epoch, containerID: "container-\(id)-\(epoch)", isRunning: true, endpoint: .of(id))
    }

    static func exited(_ id: SessionID, epoch: Int = 1, code: Int, outOfMemory: Bool = false) -> ObservedContainer {
        ObservedContainer(
            session: id, epoch: epoch, containerID: "container-\(id)-\(epoch)", isRunning: false, exitCode: code,
            outOfMemory: outOfMemory)
    }
}

let gibibyte: Int64 = 1 << 30

extension HostSpec {
    static func small(
        _ name: String, slots: Int = 4, memory: Int64 = 8, overcommit: Double = 1, starts: Int = 2
    ) -> HostSpec {
        HostSpec(
            name: name, slots: slots, memoryBytes: memory * gibibyte, overcommit: overcommit, maximumStarts: starts)
    }
}

extension Lab {
    static func of(
        _ name: String, _ kind: LabKind = .jupyter, memory: Int64 = 1, idle: Duration = .seconds(600),
        lifetime: Duration = .seconds(36_000)
    ) -> Lab {
        Lab(
            key: LabKey(portal: "school", name: name), title: name, kind: kind, image: "lab/\(name)",
            memoryBytes: memory * gibibyte, cpus: 1,
            processLimit: 100, idleTimeout: idle, maximumLifetime: lifetime, readyTimeout: .seconds(60),
            egress: .none, port: 8888, homePath: "/home/learner", userID: 1000, groupID: 1000)
    }

    /// The same lab in another portal's catalogue.
    func of(_ portal: PortalID) -> Lab {
        var copy = self
        copy.key.portal = portal
        return copy
    }

    static let python = of("python")
    static let rstudio = of("rstudio", .rstudio)
    static let big = of("big", memory: 6)
}

/// A generator that returns the same numbers in every run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
