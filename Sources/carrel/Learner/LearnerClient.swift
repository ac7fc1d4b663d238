import Broker
import EventLoop
import Foundation
import HTTPTransport
import Portal
import TLS

/// A learner at a browser: follows a link through the portal into a lab, keeps cookies as browsers do, and works there.
///
/// Used by `carrel try` and by the tests on real engines. It sees only what a browser sees: the public addresses.
@ControlLoop
final class LearnerClient {
    /// A page, or another answer, and where it was at last.
    struct Answer: Sendable {
        var address: WebAddress
        var status: Int
        var contentType: String
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    let clock = ContinuousClock()
    private let http: HTTPClient
    /// Where to connect whatever the host's name; `nil`: where its name leads.
    private let connect: SocketAddress?
    private(set) var jar = CookieJar()
    private var watch: LearnerStopwatch
    /// What the portal last said of the session.
    private(set) var session: SessionView?
    /// Where the lab is, once entered.
    private(set) var lab: WebAddress?
    /// Is told every state and step of the session, as the progress page would show it.
    var onProgress: (@ControlLoop (SessionView) -> Void)?

    /// - Parameters:
    ///   - trust: whose certificates the portal and the labs may have.
    ///   - connect: where the edge listens, for host names that no name server knows.
    init(trust: Trust = .system, connect: SocketAddress? = nil) throws(TLSError) {
        http = HTTPClient(tls: try TLSClientContext(trust: trust, clientCertificate: nil))
        self.connect = connect
        watch = LearnerStopwatch(now: clock.now)
    }

    /// Where the time went, from the click to the lab's first page.
    var times: LearnerTimes { watch.times }

    /// Follows a link, waits for the lab, and opens its first page.
    func open(
        _ link: String, within timeout: Duration = LearnerLimits.startTimeout
    ) async throws(LearnerError) -> Answer {
        guard let start = WebAddress(link) else {
            throw LearnerError(.refused, "\"\(link)\" is no https link; copy it whole")
        }
        watch = LearnerStopwatch(now: clock.now)
        // Where the lab runs already, the link leads right into it.
        var page = try await navigate(to: start) { self.watch.enter(.page, now: self.clock.now) }
        if page.address.host == start.host {
            try await waitUntilRunning(page.address.path, on: start, until: clock.now + timeout)
            watch.enter(.page, now: clock.now)
            page = try await navigate(to: start.with(target: page.address.path + "/open"))
        }
        guard page.address.host != start.host else {
            throw LearnerError(
                .refused, status: page.status, "the portal did not lead into the lab: \(Self.words(page))")
        }
        watch.finish(now: clock.now)
        lab = page.address.with(target: "/")
        return page
    }

    /// Watches the session by server-sent events, as the progress page does.
    private func waitUntilRunning(
        _ path: String, on portal: WebAddress, until deadline: ContinuousClock.Instant
    ) async throws(LearnerError) {
        while clock.now < deadline {
            do {
                if try await watchEvents(at: portal.with(target: path + "/events"), until: deadline) { return }
            } catch let error as LearnerError {
                throw error
            } catch {
                // A stream that broke (the broker was restarted, say) is opened again, as browsers do after a while.
            }
            do { try await Task.sleep(for: LearnerLimits.reconnectDelay) } catch {
                throw LearnerError(.session, "the wait for the lab was given up")
            }
        }
        let state = session.map { "it is \($0.state)" } ?? "nothing was heard of it"
        throw LearnerError(.session, "the lab was not running in time; \(state)")
    }

    /// - Returns: whether the lab runs; false when the stream, or the time, ended before.
    private func watchEvents(
        at address: WebAddress, until deadline: ContinuousClock.Instant
    ) async throws -> Bool {
        let watching = Task { @ControlLoop in try await readEvents(at: address) }
        // A stream can be silent for ever; only its task's end ends the wait for its next piece.
        let timer = Task {
            try await Task.sleep(until: deadline, clock: .continuous)
            watching.cancel()
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await watching.value
        } onCancel: {
            watching.cancel()
        }
    }

    private func readEvents(at address: WebAddress) async throws -> Bool {
        let (head, bytes) = try await http.stream(
            request("GET", address, fields: [("Accept", "text/event-stream")]), to: upstream(address),
            timeout: LearnerLimits.answerTimeout)
        guard head.status == 200 else {
            throw LearnerError(.refused, status: head.status, "the portal's events answered with status \(head.status)")
        }
        var parser = EventStreamParser()
        for try await chunk in bytes {
            for event in try parser.push(chunk) where event.name == "session" {
                let view = try APICoding.decode(SessionView.self, from: Array(event.data.utf8))
                if try note(view) { return true }
            }
        }
        return false
    }

    /// Takes in what the portal says. Returns whether the lab runs.
    private func note(_ view: SessionView) throws(LearnerError) -> Bool {
        session = view
        onProgress?(view)
        switch view.state {
        case "queued": watch.enter(.queue, now: clock.now)
        case "starting":
            let step: LearnerTimes.Step =
                switch view.step {
                case "starting": .start
                case "waiting": .ready
                default: .create
                }
            watch.enter(step, now: clock.now)
        case "running": return true
        case "ended", "failed":
            throw LearnerError(.session, "the session \(view.state): \(view.reason ?? "no reason was given")")
        default: break
        }
        return false
    }

    // MARK: Requests

    /// Goes to an address as a click does, through redirects, to a page.
    /// - Parameter onLeaving: called when a redirect leads to another host.
    func navigate(
        to start: WebAddress, onLeaving: @ControlLoop () -> Void = {}
    ) async throws(LearnerError) -> Answer {
        var address = start
        for _ in 0..<LearnerLimits.redirects {
            let fields = [
                ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"), ("Sec-Fetch-Mode", "navigate"),
                ("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Site", "none"),
            ]
            let response = try await send(request("GET", address, fields: fields), to: address)
            guard [301, 302, 303, 307, 308].contains(response.status) else {
                let page = Answer(address, response)
                if page.status != 200 {
                    throw LearnerError(.refused, status: page.status, "\(address.host): \(Self.words(page))")
                }
                return page
            }
            guard let location = response.fields.first("Location"), let next = address.following(location) else {
                throw LearnerError(.refused, status: response.status, "\(address.host) redirects to nowhere")
            }
            if next.host != address.host { onLeaving() }
            address = next
        }
        throw LearnerError(.refused, "\(start.host) redirects without end")
    }

    /// Asks the lab as its own page would: same origin, with its cookies.
    func ask(
        _ method: String, _ target: String, body: [UInt8] = [], contentType: String = "application/json",
        limit: Int = LearnerLimits.answerBytes
    ) async throws(LearnerError) -> Answer {
        guard let lab else { throw LearnerError(.refused, "no lab was entered yet") }
        let address = lab.with(target: target)
        var request = request(method, address, fields: sameOrigin(address) + [("Accept", "application/json")])
        if !body.isEmpty {
            request.fields.append("Content-Type", contentType)
            request.body = body
        }
        return Answer(address, try await send(request, to: address, limit: limit))
    }

    /// Opens a WebSocket of the lab as its own page would.
    func webSocket(_ target: String, protocols: [String]) async throws(LearnerError) -> WebSocketConnection {
        guard let lab else { throw LearnerError(.refused, "no lab was entered yet") }
        let address = lab.with(target: target)
        let fields = sameOrigin(address) + [("Sec-WebSocket-Protocol", protocols.joined(separator: ", "))]
        do {
            return try await http.upgrade(
                request("GET", address, fields: fields), to: upstream(address),
                timeout: LearnerLimits.answerTimeout)
        } catch {
            throw LearnerError(.unreachable, "\(address.host): the WebSocket was not opened: \(error.message)")
        }
    }

    private func sameOrigin(_ address: WebAddress) -> [(String, String)] {
        [
            ("Origin", address.origin), ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors"),
            ("Sec-Fetch-Dest", "empty"),
        ]
    }

    private func request(
        _ method: String, _ address: WebAddress, fields: [(String, String)]
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(method: method, target: address.target, authority: address.authority)
        request.fields.append("User-Agent", "carrel/\(Carrel.version)")
        for (name, value) in fields { request.fields.append(name, value) }
        if let cookies = jar.header(host: address.host, path: address.path) {
            request.fields.append("Cookie", cookies)
        }
        return request
    }

    private func send(
        _ request: HTTPClientRequest, to address: WebAddress, limit: Int = LearnerLimits.answerBytes
    ) async throws(LearnerError) -> HTTPClientResponse {
        do {
            let response = try await http.send(
                request, to: upstream(address), timeout: LearnerLimits.answerTimeout, bodyLimit: limit)
            for cookie in response.fields.all("Set-Cookie") { jar.set(cookie, from: address.host) }
            return response
        } catch {
            throw LearnerError(.unreachable, "\(address.authority) cannot be reached: \(error.message)")
        }
    }

    /// Names below `localhost` mean this machine, whatever name servers know (RFC 6761 section 6.3).
    private func upstream(_ address: WebAddress) -> UpstreamAddress {
        switch connect {
        case .ip(let ip, let port): return .tcp(host: ip, port: port)
        case .unix(let path): return .unix(path: path)
        case nil:
            let isLocal = address.host == "localhost" || address.host.hasSuffix(".localhost")
            return .tcp(host: isLocal ? "127.0.0.1" : address.host, port: address.port)
        }
    }

    /// What a page that is not the one hoped for says, in a line.
    static func words(_ page: Answer) -> String {
        var text = ""
        var rest = page.text.prefix(20_000)
        while let open = rest.firstIndex(of: "<") {
            text += rest[..<open] + " "
            rest = rest[open...]
            let name = rest.dropFirst().prefix(while: \.isLetter).lowercased()
            if ["style", "script", "title"].contains(name), let end = rest.range(of: "</\(name)") {
                rest = rest[end.lowerBound...]
            }
            rest = rest.firstIndex(of: ">").map { rest[rest.index(after: $0)...] } ?? ""
        }
        text += rest
        let words = text.split(whereSeparator: \.isWhitespace).prefix(60).joined(separator: " ")
        return "status \(page.status): \(words)"
    }
}

extension LearnerClient.Answer {
    init(_ address: WebAddress, _ response: HTTPClientResponse) {
        self.init(
            address: address, status: response.status, contentType: response.fields.first("Content-Type") ?? "",
            body: response.body)
    }
}
