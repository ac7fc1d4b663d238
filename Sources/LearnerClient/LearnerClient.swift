import Broker
import EventLoop
import Foundation
import HTTPTransport
import Portal
import TLS

/// A learner at a browser: follows a link through the portal into a lab, keeps cookies as browsers do, and works there.
///
/// Used by `carrel try` and by the tests on real engines. It uses only what a browser sees: the public addresses.
@ControlLoop
public final class LearnerClient {
    /// A page, or another answer, and its final address.
    public struct Answer: Sendable {
        public var address: WebAddress
        public var status: Int
        public var contentType: String
        public var body: [UInt8]

        public var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// The `User-Agent` of every request.
    let agent: String
    let clock = ContinuousClock()
    let http: HTTPClient
    /// The address to connect to, whatever the host name; `nil` to resolve the name.
    let connect: SocketAddress?
    var jar = CookieJar()
    private var watch: LearnerStopwatch
    /// The session as the portal last reported it.
    public private(set) var session: LearnerView?
    /// The lab's address, once entered.
    public private(set) var lab: WebAddress?
    /// Called with every state and step of the session, as the progress page would show it.
    public var onProgress: (@ControlLoop (LearnerView) -> Void)?

    /// - Parameters:
    ///   - trust: the authorities accepted for the certificates of the portal and the labs.
    ///   - connect: the edge's address, for host names that are not in DNS.
    ///   - agent: the `User-Agent` of every request.
    public init(trust: Trust = .system, connect: SocketAddress? = nil, agent: String) throws(TLSError) {
        self.agent = agent
        http = HTTPClient(tls: try TLSClientContext(trust: trust, clientCertificate: nil))
        self.connect = connect
        watch = LearnerStopwatch(now: clock.now)
    }

    /// The time spent in each step, from the click to the lab's first page.
    public var times: LearnerTimes { watch.times }

    /// Follows a link, waits for the lab, and opens its first page.
    public func open(
        _ link: String, within timeout: Duration = LearnerLimits.startTimeout
    ) async throws(LearnerError) -> Answer {
        guard let start = WebAddress(link) else {
            throw LearnerError(.refused, "\"\(link)\" is no https link; copy it whole")
        }
        watch = LearnerStopwatch(now: clock.now)
        // If the lab already runs, the link leads directly into it.
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
                // A broken stream (for example, because the broker restarted) is reopened, as browsers do after a
                // delay.
            }
            do { try await Task.sleep(for: LearnerLimits.reconnectDelay) } catch {
                throw LearnerError(.session, "the wait for the lab was given up")
            }
        }
        let state = session.map { "it is \($0.state)" } ?? "nothing was heard of it"
        throw LearnerError(.session, "the lab was not running in time; \(state)")
    }

    /// - Returns: whether the lab runs; false if the stream or the time ended first.
    private func watchEvents(
        at address: WebAddress, until deadline: ContinuousClock.Instant
    ) async throws -> Bool {
        let watching = Task { @ControlLoop in try await readEvents(at: address) }
        // A stream can be silent forever; only cancelling its task ends the wait for its next event.
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
                let view = try APICoding.decode(LearnerView.self, from: Array(event.data.utf8))
                if try note(view) { return true }
            }
        }
        return false
    }

    /// Records what the portal reports. Returns whether the lab runs.
    private func note(_ view: LearnerView) throws(LearnerError) -> Bool {
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
}
