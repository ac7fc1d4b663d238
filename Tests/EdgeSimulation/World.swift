import CLibUV
import Glibc
import HTTPWire
import SeededRandom
import TLS

@testable import Edge
@testable import EventLoop
@testable import HTTPTransport

/// One run: an edge with its real connections, pool and machines on a simulated loop, with clients and an upstream, and
/// the properties that must hold.
///
/// `@unchecked Sendable` because everything in it is touched on the loop's thread alone, except for the result of
/// `run`.
final class World: @unchecked Sendable {
    /// The faults in this run, besides those that are always possible: splits, pauses, any order.
    enum Weather: Int {
        /// None: every request must be answered as its plan says.
        case fair
        /// Faults of an upstream or a client that affect only itself.
        case changeable
        /// Also faults that may affect others: refused connections, pooled ones closed at any time, stray bytes, an
        /// edge that shuts down.
        case stormy
    }

    let seed: UInt64
    let kernel: SimulatedKernel
    let weather: Weather
    /// Whether routes are the sessions of two portals.
    let hasPortals: Bool
    let disturbance: Disturbance
    var isAcmeGone = false
    var plans: [Plan] = []
    private(set) var complaints: [String] = []
    /// The most recent events.
    private(set) var trace: [String] = []
    private(set) var isGoingAway = false
    let hasTiredUpstreams: Bool
    var completed = 0

    private let refusesConnections: Bool
    private var edge: EdgeLoop?
    private var clients: [ClientScript] = []
    private var clientsLeft = 0
    private var ownAnswers: [(status: Int, plan: Int)] = []
    private var earlyEnds: [(client: Int, plan: Int)] = []
    private var shortTunnels: [(plan: Int, got: Int)] = []
    private var hasGone = false
    private var watched: [ObjectIdentifier: Watched] = [:]
    private var onEnd: () -> Void = {}

    /// An object of the product that must have been freed at the end.
    private struct Watched {
        weak var object: AnyObject?
        let name: String
    }

    /// How long after the last client everything must have come to rest. The longest wait of the edge is for an answer
    /// that never comes, to a client that disconnected unnoticed behind the bytes that it had sent ahead.
    private static let restMilliseconds: UInt64 = 5 * 3_600_000

    init(seed: UInt64, hasPortals: Bool) {
        self.seed = seed
        self.hasPortals = hasPortals
        kernel = SimulatedKernel(seed: seed)
        weather = Weather(rawValue: Int(seed % 3)) ?? .fair
        hasTiredUpstreams = weather == .stormy && kernel.random.oneIn(2)
        refusesConnections = weather == .stormy && kernel.random.oneIn(3)
        let mayBeDisturbed = hasPortals && weather != .fair
        disturbance = mayBeDisturbed ? kernel.random.pick([.calm, .removal, .revocation]) ?? .calm : .calm
    }

    /// Runs to the end.
    func run(_ configuration: EdgeConfiguration) async {
        let edge = kernel.makeEdge(configuration)
        await withCheckedContinuation { continuation in
            edge.loop.post {
                self.onEnd = { continuation.resume() }
                self.begin(edge)
            }
        }
        await edge.loop.stop()
    }

    private func begin(_ edge: EdgeLoop) {
        self.edge = edge
        if hasPortals {
            beginPortals(edge)
        } else {
            edge.apply([.setHost(hostname: Site.plain.host, upstream: Site.upstream(80))])
        }
        kernel.onConnect = { [unowned self] socket in
            if refusesConnections, kernel.random.oneIn(5) { return false }
            _ = UpstreamScript(socket, world: self)
            return true
        }
        let count = Int.random(in: 1...5, using: &kernel.random)
        clientsLeft = count
        for number in 0..<count {
            kernel.after(UInt64.random(in: 0...200, using: &kernel.random)) { [self] in connect(number, to: edge) }
        }
        guard weather == .stormy, kernel.random.oneIn(4) else { return }
        kernel.after(UInt64.random(in: 0...500, using: &kernel.random)) { [self] in
            isGoingAway = true
            note("the edge goes away")
            edge.goAway(grace: .seconds(30)) { [self] in hasGone = true }
        }
    }

    private func connect(_ number: Int, to edge: EdgeLoop) {
        if isGoingAway { return clientDidEnd() }
        let ids = makePlans()
        let socket = kernel.connect(to: edge)
        let total = ids.reduce(200) { $0 + plans[$1].request.count + 100 }
        clients.append(
            ClientScript(
                number: number, plans: ids, misdeed: weather == .fair ? nil : misdeed(total),
                isPipelining: kernel.random.oneIn(2), socket: socket, world: self))
        for connection in edge.connections.values { watch(connection, "an EdgeConnection") }
    }

    private func makePlans() -> [Int] {
        var ids: [Int] = []
        for _ in 0..<Int.random(in: 1...6, using: &kernel.random) {
            var plan = Plan.random(id: plans.count, faulty: weather != .fair, using: &kernel.random)
            // Extra bytes may hit any later exchange, so only a storm has them.
            if plan.fault == .extra, weather != .stormy { plan.fault = .none }
            if hasPortals { send(&plan, to: TwoPortals.sites) }
            ids.append(plan.id)
            plans.append(plan)
        }
        if kernel.random.oneIn(4) {
            var plan = Plan(id: plans.count)
            plan.status = 101
            plan.tunnel = (
                Int.random(in: 0...100_000, using: &kernel.random), Int.random(in: 0...100_000, using: &kernel.random)
            )
            if hasPortals { send(&plan, to: TwoPortals.labs) }
            ids.append(plan.id)
            plans.append(plan)
        }
        return ids
    }

    private func send(_ plan: inout Plan, to sites: [Site]) {
        guard let site = kernel.random.pick(sites) else { return }
        plan.go(to: site)
        plan.isExcused = disturbance.affects(site)
    }

    private func misdeed(_ total: Int) -> ClientScript.Misdeed? {
        guard kernel.random.oneIn(3) else { return nil }
        let place = Int.random(in: 0...total, using: &kernel.random)
        let pause = UInt64.random(in: 1...100, using: &kernel.random) * 1_000
        switch Int.random(in: 0..<4, using: &kernel.random) {
        case 0: return .reset(atSent: place)
        case 1: return .finish(atSent: place)
        case 2: return .pauseSending(atSent: place, milliseconds: pause)
        default: return .pauseReading(atReceived: place, milliseconds: pause)
        }
    }

    /// A chunked body with chunks of any size, and occasional extensions.
    func chunks(of bytes: [UInt8], isWhole: Bool = true) -> [UInt8] {
        var wire: [UInt8] = []
        var start = 0
        while start < bytes.count {
            let count = min(bytes.count - start, Int.random(in: 1...20_000, using: &kernel.random))
            let suffix = kernel.random.oneIn(5) ? ";x=\"y\"" : ""
            wire += Array("\(String(count, radix: 16))\(suffix)\r\n".utf8) + bytes[start..<start + count] + [13, 10]
            start += count
        }
        return isWhole ? wire + Array("0\r\n\r\n".utf8) : wire
    }

    // MARK: Observations

    func note(_ what: @autoclosure () -> String) {
        if trace.count == 60 { trace.removeFirst(30) }
        if getenv("CARREL_TRACE") != nil { print("at \(kernel.now - 1_000_000) ms: \(what())") }
        trace.append("at \(kernel.now - 1_000_000) ms: \(what())")
    }

    func complain(_ what: String) {
        if complaints.count < 20 { complaints.append("at \(kernel.now - 1_000_000) ms: \(what)") }
    }

    /// The edge has answered by itself. Whether it had a reason is checked at the end.
    func note(ownAnswer status: Int, to plan: Int, hasMisbehaved: Bool) {
        if !hasMisbehaved { ownAnswers.append((status, plan)) }
    }

    func note(endAt plan: Int, of client: ClientScript) {
        earlyEnds.append((clients.firstIndex { $0 === client } ?? 0, plan))
    }
    func note(tunnel plan: Int, gotOnly got: Int) { shortTunnels.append((plan, got)) }

    /// Records the objects attached to a socket's handle.
    func watch(_ socket: SimulatedSocket) {
        guard !socket.isClosing, let data = socket.handle.pointee.data else { return }
        guard let stream = Unmanaged<AnyObject>.fromOpaque(data).takeUnretainedValue() as? Stream else { return }
        watch(stream, "a Stream")
        guard let channel = stream.delegate as? ByteChannel else { return }
        watch(channel, "a ByteChannel")
        if let owner = channel.delegate { watch(owner, "a \(type(of: owner))") }
    }

    private func watch(_ object: AnyObject, _ name: String) {
        let key = ObjectIdentifier(object)
        if watched[key]?.object == nil { watched[key] = Watched(object: object, name: name) }
    }

    // MARK: The end

    func clientDidEnd() {
        clientsLeft -= 1
        if clientsLeft == 0 { kernel.after(Self.restMilliseconds) { [self] in judge() } }
    }

    private func judge() {
        let isStorm = hasTiredUpstreams || refusesConnections || isGoingAway
        let hasExtras = plans.contains { $0.fault == .extra && $0.arrivals > 0 }
        for (status, plan) in ownAnswers where !plans[plan].isExcused && !isStorm && !hasExtras {
            complain("the edge answered \(status) to \(plans[plan]), for no reason")
        }
        for (client, plan) in earlyEnds where !plans[plan].isExcused && !isStorm && !hasExtras {
            // Another request may be the reason: an earlier one, or a later one whose answer was cut, together with
            // those queued behind it.
            if !clients[client].plans.contains(where: { plans[$0].isExcused }) {
                complain("client \(client) was closed on at \(plans[plan]), for no reason")
            }
        }
        if weather == .fair {
            for (plan, got) in shortTunnels { complain("the tunnel \(plan) passed \(got) bytes only") }
        }
        if isGoingAway, !hasGone { complain("the edge never went away") }
        if let edge {
            if !edge.connections.isEmpty { complain("\(edge.connections.count) connections are left") }
            if edge.pool.idleConnections > 0 { complain("\(edge.pool.idleConnections) upstream connections are kept") }
            let open = Site.ports.reduce(0) { $0 + edge.pool.openConnections(to: Site.upstream($1)) }
            if open > 0 { complain("\(open) upstream connections are counted as open") }
        }
        if !kernel.sockets.isEmpty { complain("\(kernel.sockets.count) sockets are open") }
        for leaked in watched.values where leaked.object != nil { complain("\(leaked.name) is still there") }
        edge = nil
        kernel.isOver = true
        let onEnd = onEnd
        self.onEnd = {}
        onEnd()
    }
}
