import SeededRandom

/// A client of the edge: it sends its plans' requests in order, and checks the responses against them.
final class ClientScript {
    /// What the client itself does wrong, after it has sent or received a number of bytes.
    enum Misdeed: Equatable {
        case reset(atSent: Int)
        case finish(atSent: Int)
        case pauseSending(atSent: Int, milliseconds: UInt64)
        case pauseReading(atReceived: Int, milliseconds: UInt64)
    }

    let number: Int
    private unowned let world: World
    private let socket: SimulatedSocket
    let plans: [Int]
    private var misdeed: Misdeed?
    private let isPipelining: Bool
    private(set) var isOver = false
    /// It has done something for which the edge may close the connection.
    private var hasMisbehaved = false

    // Sending: the wire form of all requests, and the offset at which each ends.
    private var outgoing: [UInt8] = []
    private var ends: [Int] = []
    private var sent = 0
    private var hasFinished = false
    private var quietUntil: UInt64 = 0
    private var deafUntil: UInt64 = 0

    // Reading.
    private var reader = WireReader()
    private var received = 0
    private var answered = 0
    private var body = (count: 0, isOwn: false)
    private var mayEnd = false
    private var isUntilClose = false
    private var tunnel: (sent: Int, got: Int)?
    /// The bytes at the end of a tunnel that the edge sent by itself: its close frame.
    private var farewellBytes = 0
    private var pace = Pace()
    private var lastProgress: UInt64

    init(number: Int, plans: [Int], misdeed: Misdeed?, isPipelining: Bool, socket: SimulatedSocket, world: World) {
        self.number = number
        self.plans = plans
        self.misdeed = misdeed
        self.isPipelining = isPipelining
        self.socket = socket
        self.world = world
        lastProgress = world.kernel.now
        for id in plans { append(world.plans[id]) }
        world.kernel.after(0) { [weak self] in self?.step() }
    }

    // MARK: Sending

    private func append(_ plan: Plan) {
        var head = "\(plan.method) /p/\(plan.id) HTTP/\(plan.isHTTP10 ? "1.0" : "1.1")\r\nHost: \(plan.site.host)\r\n"
        head += plan.site.fields
        if plan.closes { head += "Connection: close\r\n" }
        if plan.isHTTP10, !plan.closes { head += "Connection: keep-alive\r\n" }
        if plan.expectsContinue { head += "Expect: 100-continue\r\n" }
        if plan.tunnel != nil {
            head += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            head += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        }
        switch plan.request {
        case .none, .untilClose: outgoing += Array("\(head)\r\n".utf8)
        case .length(let count):
            outgoing += Array("\(head)Content-Length: \(count)\r\n\r\n".utf8) + Plan.bytes(plan.id, false, 0..<count)
        case .chunked(let count):
            outgoing += Array("\(head)Transfer-Encoding: chunked\r\n\r\n".utf8)
            outgoing += world.chunks(of: Plan.bytes(plan.id, false, 0..<count))
        }
        ends.append(outgoing.count)
    }

    /// How far it may send: without pipelining, to the end of the request whose answer is awaited.
    private var sendingLimit: Int {
        if hasFinished || mayEnd { return sent }
        if isPipelining { return outgoing.count }
        return answered < ends.count ? ends[answered] : outgoing.count
    }

    private func send() -> Bool {
        guard world.kernel.now >= quietUntil else { return false }
        if let (sent, got) = tunnel { return sendThroughTunnel(sent: sent, got: got) }
        let most = min(sendingLimit - sent, socket.room)
        guard most > 0 else { return false }
        let count = world.kernel.random.oneIn(3) ? Int.random(in: 1...most, using: &world.kernel.random) : most
        socket.send(outgoing[sent..<sent + count])
        sent += count
        return true
    }

    private func sendThroughTunnel(sent: Int, got: Int) -> Bool {
        guard let id = plans.last, let total = world.plans[id].tunnel?.up, !hasFinished else { return false }
        let most = min(total - sent, socket.room)
        if most == 0, sent == total {
            finish()
            return true
        }
        guard most > 0 else { return false }
        let count = Int.random(in: 1...most, using: &world.kernel.random)
        socket.send(Plan.bytes(id, false, sent..<sent + count))
        tunnel = (sent + count, got)
        return true
    }

    private func finish() {
        guard !hasFinished else { return }
        hasFinished = true
        world.note("client \(number) finishes")
        socket.finish()
    }

    // MARK: Receiving

    private func receive() -> Bool {
        guard world.kernel.now >= deafUntil else { return false }
        let most = world.kernel.random.oneIn(3) ? Int.random(in: 1...2000, using: &world.kernel.random) : .max
        let bytes = socket.receive(most)
        guard !bytes.isEmpty else { return false }
        received += bytes.count
        reader.add(bytes)
        while let event = reader.next() {
            switch event {
            case .head(let lines): didGet(head: lines)
            case .body(let bytes): didGet(body: bytes)
            case .end: didGetEnd()
            }
        }
        if let complaint = reader.complaint { complain(complaint) }
        return true
    }

    private func didGet(head lines: [String]) {
        guard answered < plans.count else { return complain("an answer to nothing: \(lines)") }
        let plan = world.plans[plans[answered]]
        let status = Int(lines[0].split(separator: " ").dropFirst().first ?? "") ?? 0
        let id = lines.field("X-Plan").flatMap { Int($0) }
        world.note("client \(number) gets \(lines) to \(plan.id)")
        if let id, id != plan.id { complain("the answer to \(id) where that to \(plan.id) was due") }
        switch status {
        case 100, 103:
            if status == 100, !plan.expectsContinue { complain("100 that \(plan.id) did not ask for") }
            return reader.expect(.head)
        case 101:
            if plan.tunnel == nil { complain("101 to \(plan.id), which is no WebSocket") }
            tunnel = (0, 0)
            return reader.expect(.tunnel)
        default: break
        }
        if id == nil, !world.isRefusal(status, of: plan) {
            world.note(ownAnswer: status, to: plan.id, hasMisbehaved: hasMisbehaved)
        }
        if id != nil, status != plan.status { complain("\(status) to \(plan.id) for \(plan.status)") }
        body = (0, id == nil)
        if lines.field("Connection") == "close" { mayEnd = true }
        isUntilClose = false
        if plan.method == "HEAD" || status == 204 || status == 304 {
            reader.expect(.length(0))
        } else if let length = lines.field("Content-Length").flatMap({ Int($0) }) {
            reader.expect(.length(length))
        } else if lines.field("Transfer-Encoding") == "chunked" {
            if plan.isHTTP10 { complain("chunks to HTTP/1.0") }
            reader.expect(.chunkSize)
        } else {
            if !plan.isHTTP10 || !mayEnd { complain("a body without an end: \(lines)") }
            isUntilClose = true
            reader.expect(.untilClose)
        }
    }

    private func didGet(body bytes: [UInt8]) {
        if let (sent, got) = tunnel {
            let plan = world.plans[plans[answered]]
            let expected = farewellBytes > 0 ? [] : Plan.bytes(plan.id, true, got..<got + bytes.count)
            let same = zip(bytes, expected).prefix { $0 == $1 }.count
            farewellBytes += bytes.count - same
            if farewellBytes > (plan.isExcused || world.isGoingAway ? 4 : 0) {
                complain("other bytes through the tunnel at \(got)")
            }
            tunnel = (sent, got + same)
            return
        }
        if !body.isOwn, bytes != Plan.bytes(plans[answered], true, body.count..<body.count + bytes.count) {
            complain("other bytes in the answer to \(plans[answered]) at \(body.count)")
        }
        body.count += bytes.count
    }

    private func didGetEnd() {
        let plan = world.plans[plans[answered]]
        if !body.isOwn, plan.hasBody, body.count != plan.response.count {
            complain("\(body.count) bytes of \(plan.response.count) as the whole answer to \(plan.id)")
        }
        if !body.isOwn { world.completed += 1 }
        answered += 1
    }

    // MARK: Life cycle

    private func step() {
        if isOver { return }
        world.watch(socket)
        misbehave()
        if isOver { return }
        let progressed = [receive(), send()].contains(true)
        if progressed { lastProgress = world.kernel.now }
        if tunnel == nil, answered == plans.count || mayEnd, socket.outcome == .open { partInPeace() }
        // A half-closed tunnel continues in the other direction.
        let goesOn = tunnel != nil && socket.outcome == .ended && !hasFinished
        if socket.outcome != .open, !goesOn, world.kernel.now >= deafUntil { return end(socket.outcome) }
        // No client waits forever.
        if world.kernel.now > lastProgress + 200_000, !hasFinished {
            hasMisbehaved = true
            if world.kernel.random.oneIn(2) { reset() } else { finish() }
        }
        world.kernel.after(pace.next(progressed: progressed, using: &world.kernel.random)) { [weak self] in self?.step()
        }
    }

    /// All requests are answered: some clients close immediately, some wait for the edge to close.
    private func partInPeace() {
        guard reader.isBetweenMessages, !hasFinished, world.kernel.random.oneIn(3) else { return }
        finish()
    }

    private func reset() {
        hasFinished = true
        socket.reset()
        isOver = true
        world.clientDidEnd()
    }

    private func misbehave() {
        switch misdeed {
        case .reset(let bytes)? where sent >= bytes:
            misdeed = nil
            reset()
        case .finish(let bytes)? where sent >= bytes:
            (misdeed, hasMisbehaved) = (nil, true)
            finish()
        case .pauseSending(let bytes, let milliseconds)? where sent >= bytes:
            (misdeed, hasMisbehaved) = (nil, true)
            quietUntil = world.kernel.now + milliseconds
            lastProgress = quietUntil
        case .pauseReading(let bytes, let milliseconds)? where received >= bytes:
            (misdeed, hasMisbehaved) = (nil, true)
            deafUntil = world.kernel.now + milliseconds
            lastProgress = deafUntil
        default: break
        }
    }

    private func end(_ outcome: SimulatedSocket.Outcome) {
        world.note("client \(number) sees its connection \(outcome), while \(reader.state), \(sent) bytes sent")
        var isBetween = reader.isBetweenMessages
        if isUntilClose, outcome == .ended, reader.state == .untilClose {
            didGetEnd()
            isBetween = true
        }
        isOver = true
        // It ends the other direction too.
        if !hasFinished { finish() }
        defer { world.clientDidEnd() }
        if hasMisbehaved || world.isGoingAway { return }
        if let tunnel, let id = plans.last {
            if !world.plans[id].isExcused, tunnel.got != world.plans[id].tunnel?.down {
                complain("the tunnel \(id) ended after \(tunnel.got) bytes")
            }
            return
        }
        guard answered < plans.count, !(mayEnd && isBetween) else { return }
        world.note(endAt: plans[answered], of: self)
    }

    private func complain(_ what: String) { world.complain("client \(number): \(what)") }
}
