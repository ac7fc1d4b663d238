import HTTPWire
import SeededRandom

/// One connection of the edge to the upstream: it reads requests, checks them against the plans, and answers as
/// planned.
final class UpstreamScript {
    private enum Ending {
        case finish, reset
    }

    private unowned let world: World
    private let socket: SimulatedSocket
    private var reader = WireReader()
    private var plan: Int?
    private var bodyCount = 0
    private var outgoing: [UInt8] = []
    private var sent = 0
    private var ending: Ending?
    private var hasEnded = false
    /// It has stopped reading.
    private var isDeaf = false
    private var hasAnsweredEarly = false
    /// Its last bytes are unsolicited.
    private var isBabbling = false
    private var tunnel: (got: Int, total: Int)?
    private var pace = Pace()

    init(_ socket: SimulatedSocket, world: World) {
        self.socket = socket
        self.world = world
        world.kernel.after(0) { self.step() }
    }

    // MARK: Requests

    private func receive() -> Bool {
        if isDeaf { return false }
        let most = world.kernel.random.oneIn(3) ? Int.random(in: 1...2000, using: &world.kernel.random) : .max
        let bytes = socket.receive(most)
        guard !bytes.isEmpty else { return false }
        reader.add(bytes)
        while !isDeaf, let event = reader.next() {
            switch event {
            case .head(let lines): didGet(head: lines)
            case .body(let bytes): didGet(body: bytes)
            case .end: didGetEnd()
            }
        }
        if let complaint = reader.complaint { world.complain("upstream: \(complaint)") }
        return true
    }

    private func didGet(head lines: [String]) {
        let words = lines[0].split(separator: " ")
        guard words.count == 3, words[2] == "HTTP/1.1", let id = Int(words[1].dropFirst(3)),
            world.plans.indices.contains(id), words[0] == world.plans[id].method
        else { return world.complain("upstream: the request '\(lines[0])'") }
        if plan != nil || (sent < outgoing.count && !isBabbling) {
            world.complain("upstream: \(id) was asked before the answer before it had ended")
        }
        world.plans[id].arrivals += 1
        world.note("the upstream is asked \(id)")
        if hasEnded { world.plans[id].isExcused = true }
        plan = id
        bodyCount = 0
        check(lines, of: id)
        let isWebSocket = lines.field("Upgrade") == "websocket"
        if isWebSocket != (world.plans[id].tunnel != nil) { world.complain("upstream: the upgrade of \(id): \(lines)") }
        switch world.plans[id].request {
        case .none, .untilClose: reader.expect(.length(0))
        case .length(let count):
            if lines.field("Content-Length") != String(count) {
                world.complain("upstream: the length of \(id): \(lines)")
            }
            reader.expect(.length(count))
        case .chunked:
            if lines.field("Transfer-Encoding") != "chunked" {
                world.complain("upstream: the chunks of \(id): \(lines)")
            }
            reader.expect(.chunkSize)
        }
        guard world.plans[id].fault == .early else { return }
        world.plans[id].isExcused = true
        isDeaf = world.plans[id].upstreamCloses
        hasAnsweredEarly = !isDeaf
        answer(id)
        if hasAnsweredEarly { plan = id }
    }

    /// Checks that the request is here rightly, and with the fields that the edge adds.
    private func check(_ lines: [String], of id: Int) {
        let site = world.plans[id].site
        if site.port != socket.port {
            world.complain("upstream: \(id), which is for \(site.host), at the port \(socket.port ?? 0)")
        }
        if lines.field("Host") != site.host { world.complain("upstream: \(id) without its Host: \(lines)") }
        if lines.field("X-Carrel-Portal") != site.portal || lines.field("Authorization") != site.authorization {
            world.complain("upstream: \(id) without the edge's words: \(lines)")
        }
        if site.portal == nil, lines.contains(where: { $0.hasPrefix("Cookie:") }) {
            world.complain("upstream: \(id) with the cookie: \(lines)")
        }
    }

    private func didGet(body bytes: [UInt8]) {
        if let (got, total) = tunnel, let plan {
            if bytes != Plan.bytes(plan, false, got..<got + bytes.count) {
                world.complain("upstream: other bytes through the tunnel \(plan) at \(got)")
            }
            tunnel = (got + bytes.count, total)
            return
        }
        guard let plan else { return world.complain("upstream: a body of nothing") }
        if bytes != Plan.bytes(plan, false, bodyCount..<bodyCount + bytes.count) {
            world.complain("upstream: other bytes in the body of \(plan) at \(bodyCount)")
        }
        bodyCount += bytes.count
    }

    private func didGetEnd() {
        guard let id = plan else { return }
        let expected = world.plans[id]
        if hasAnsweredEarly {
            (hasAnsweredEarly, plan) = (false, nil)
            return
        }
        if bodyCount != expected.request.count {
            world.complain("upstream: \(bodyCount) bytes of \(expected.request.count) as the whole of \(id)")
        }
        world.plans[id].wholeArrivals += 1
        let mayComeTwice = expected.isSafe && (expected.request == .none || expected.request == .length(0))
        if world.plans[id].wholeArrivals > (mayComeTwice ? 2 : 1) { world.complain("upstream: \(id) came again") }
        answer(id)
    }

    // MARK: Responses

    private func answer(_ id: Int) {
        let it = world.plans[id]
        if it.tunnel == nil { plan = nil }
        if let total = it.tunnel?.up { return openTunnel(id, total) }
        for _ in 0..<it.informs { write("HTTP/1.1 103 Early Hints\r\nX-Plan: \(id)\r\n\r\n") }
        if it.fault != .none, it.fault != .early, it.fault != .extra { world.plans[id].isExcused = true }
        switch it.fault {
        case .silence:
            end(world.kernel.random.oneIn(2) ? .finish : .reset)
            return
        case .never: return
        case .nonsense:
            write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nnonsense")
            return end(.finish)
        case .none, .extra, .early, .cut: break
        }
        var cut: Int?
        if case .cut(let bytes, let byReset) = it.fault {
            cut = bytes
            end(byReset ? .reset : .finish)
        }
        write(it, cutAt: cut)
        isBabbling = it.fault == .extra
        if isBabbling { write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nextra") }
        if case .untilClose = it.response { end(ending ?? .finish) }
        if it.upstreamCloses { end(ending ?? .finish) }
    }

    private func write(_ it: Plan, cutAt cut: Int?) {
        var head = "HTTP/1.1 \(it.status) X\r\nX-Plan: \(it.id)\r\n"
        if it.upstreamCloses { head += "Connection: close\r\n" }
        let body = it.hasBody ? Plan.bytes(it.id, true, 0..<(cut ?? it.response.count)) : []
        switch it.response {
        case .none: write(head + "\r\n")
        case .untilClose:
            write(head + "\r\n")
            outgoing += body
        case .length(let count):
            write(head + "Content-Length: \(count)\r\n\r\n")
            outgoing += body
        case .chunked:
            write(head + "Transfer-Encoding: chunked\r\n\r\n")
            guard it.hasBody else { return }
            outgoing += world.chunks(of: body, isWhole: cut == nil)
        }
    }

    private func openTunnel(_ id: Int, _ total: Int) {
        let accept = WebSocketHandshake.accept(forKey: "dGhlIHNhbXBsZSBub25jZQ==")
        write(
            "HTTP/1.1 101 X\r\nX-Plan: \(id)\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Accept: \(accept)\r\n\r\n")
        tunnel = (0, total)
        reader.expect(.tunnel)
        outgoing += Plan.bytes(id, true, 0..<(world.plans[id].tunnel?.down ?? 0))
        end(.finish)
    }

    private func write(_ text: String) { outgoing += Array(text.utf8) }
    private func end(_ how: Ending) { ending = how }

    private func send() -> Bool {
        let most = min(outgoing.count - sent, socket.room)
        if most > 0 {
            let count = world.kernel.random.oneIn(3) ? Int.random(in: 1...most, using: &world.kernel.random) : most
            socket.send(outgoing[sent..<sent + count])
            sent += count
            if sent == outgoing.count { (outgoing, sent) = ([], 0) }
            return true
        }
        guard let ending, outgoing.isEmpty, !hasEnded else { return false }
        hasEnded = true
        world.note("the upstream ends by a \(ending)")
        switch ending {
        case .finish: socket.finish()
        case .reset: socket.reset()
        }
        return true
    }

    // MARK: Life cycle

    private func step() {
        world.watch(socket)
        let progressed = [receive(), send()].contains(true)
        if socket.outcome != .open { return end() }
        if world.hasTiredUpstreams, reader.isBetweenMessages, plan == nil, outgoing.isEmpty, ending == nil,
            world.kernel.random.oneIn(40)
        {
            end(.finish)
        }
        world.kernel.after(pace.next(progressed: progressed, using: &world.kernel.random)) { self.step() }
    }

    /// The edge has closed the connection, and everything that it had sent was read.
    private func end() {
        if !hasEnded { socket.finish() }
        if let (got, total) = tunnel, got < total, let plan { world.note(tunnel: plan, gotOnly: got) }
    }
}
