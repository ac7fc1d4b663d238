import Foundation

/// How the time of one click is spent, from the request for the signed link to JupyterLab's complete page.
///
/// The engine's share is the time of its requests at a relay between broker and engine. JupyterLab's share is the time
/// from the last of them to its first response to a client of ours that polls every few milliseconds, plus the time of
/// its pages when they are fetched without the edge. Everything else is Carrel's, including handshakes and this
/// client's own work.
struct ClickSplit: Sendable {
    /// From the click until the first request to the engine: the link, the decision, the commit.
    var beforeEngine: Duration
    /// Between the engine's responses and the next requests to it.
    var betweenEngine: Duration
    var engine: Duration
    var jupyterStart: Duration
    /// From the lab's first response until the progress page reports it: the probe's interval, the commit, the event.
    var noticing: Duration
    /// The one-time code, the cookie, and the edge around JupyterLab's page.
    var entering: Duration
    var jupyterPages: Duration

    var carrel: Duration { beforeEngine + betweenEngine + noticing + entering }
    var jupyter: Duration { jupyterStart + jupyterPages }
    var whole: Duration { carrel + engine + jupyter }

    var table: String {
        func row(_ name: String, _ duration: Duration) -> String {
            let number = String(format: "%.1f", duration.milliseconds)
            return name.padding(toLength: 44, withPad: " ", startingAt: 0)
                + String(repeating: " ", count: max(0, 9 - number.count)) + number + " ms"
        }
        return [
            row("a click, from link to JupyterLab's page", whole),
            row("  Docker Engine (create, start, inspect)", engine),
            row("  JupyterLab (until it answers; its pages)", jupyter),
            row("  Carrel", carrel),
            row("    until the engine hears of it", beforeEngine),
            row("    between requests to the engine", betweenEngine),
            row("    until the page knows that the lab answers", noticing),
            row("    code, cookie, edge", entering),
        ].joined(separator: "\n")
    }

    /// Opens a new learner's lab on the fleet's only host, which must be relayed, with a lab of Jupyter's kind.
    static func measure(_ fleet: Fleet, learner: String) async throws -> ClickSplit {
        let link = try await fleet.link(learner)
        let browser = fleet.browser()
        fleet.relay.forgetExchanges()
        async let answering = firstAnswer(fleet)

        let click = ContinuousClock.now
        let page = try await browser.visit(link, from: Fleet.course)
        guard let id = page.sessionID else { throw FleetError("the link leads to \(page.url)") }
        try await browser.waitUntilRunning(page.url, within: .seconds(90))
        let running = ContinuousClock.now
        let (direct, answered) = try await answering

        // JupyterLab renders its page more slowly the first time; it must not matter which client is first.
        _ = try await direct.pages()
        let entry = ContinuousClock.now
        _ = try await fleet.enter(id, from: page.url, in: browser)
        let entering = ContinuousClock.now - entry
        let pages = try await direct.pages()

        let exchanges = fleet.relay.exchanges.filter(isOfLaunch).filter { $0.began < answered }
        guard let first = exchanges.first else { throw FleetError("the engine was not asked for anything") }
        var engine = Duration.zero
        var between = Duration.zero
        var reached = first.began
        // Requests to the engine while the lab starts are off the critical path of the click.
        let start = exchanges.firstIndex { $0.line.contains("/start") } ?? 0
        for exchange in exchanges.prefix(start + 2) {
            let ended = exchange.ended ?? exchange.began
            if exchange.began > reached { between += exchange.began - reached }
            if ended > reached { engine += ended - max(reached, exchange.began) }
            reached = max(reached, ended)
        }
        return ClickSplit(
            beforeEngine: first.began - click, betweenEngine: between, engine: engine,
            jupyterStart: max(.zero, answered - reached), noticing: max(.zero, running - answered),
            entering: max(.zero, entering - pages), jupyterPages: pages)
    }

    private static func isOfLaunch(_ exchange: Relay.Exchange) -> Bool {
        ["/containers/create", "/start", "/volumes/create"].contains { exchange.line.contains($0) }
            || exchange.line.hasPrefix("GET") && exchange.line.contains("/containers/")
                && exchange.line.hasSuffix("/json")
    }

    /// The lab without the edge, as the broker's own probe reaches it.
    struct Direct: Sendable {
        var address: String
        var port: Int
        var token: String

        init(_ container: String, on engine: Engine) async throws {
            let inspected = try await engine.docker(
                "inspect", container, "--format",
                #"{{(index (index .NetworkSettings.Ports "8888/tcp") 0).HostPort}} {{range .Config.Env}}{{.}} {{end}}"#)
            let words = inspected.split(whereSeparator: \.isWhitespace)
            guard let port = words.first.flatMap({ Int($0) }),
                let token = words.first(where: { $0.hasPrefix("JUPYTER_TOKEN=") })?.dropFirst("JUPYTER_TOKEN=".count)
            else { throw FleetError("the container has no port or no token: \(inspected)") }
            self.address = engine.publishAddress
            self.port = port
            self.token = String(token)
        }

        func get(_ target: String) async throws -> Response {
            try await blocking { [self] in
                let wire = try Wire(address: address, port: port)
                defer { wire.hangUp() }
                return try wire.request(
                    "GET", target, host: "\(address):\(port)", fields: [("Authorization", "token \(token)")])
            }
        }

        /// Fetches what entering a lab fetches from JupyterLab; the fastest of several times, so that noise from the
        /// machine is not subtracted from Carrel's share.
        func pages() async throws -> Duration {
            var quickest = Duration.seconds(3600)
            for _ in 0..<5 {
                let start = ContinuousClock.now
                _ = try await get("/")
                _ = try await get("/lab")
                quickest = min(quickest, ContinuousClock.now - start)
            }
            return quickest
        }
    }

    /// Waits until the container was started, then polls it until it responds.
    private static func firstAnswer(_ fleet: Fleet) async throws -> (Direct, ContinuousClock.Instant) {
        try await eventually("the container is started", within: .seconds(60), every: .milliseconds(5)) {
            fleet.relay.exchanges.contains { $0.line.contains("/start") && $0.ended != nil }
        }
        let host = fleet.plan.hosts[0]
        let instance = try fleet.instance()
        // The engine lists the newest first.
        guard let container = try await host.engine.containers(instance: instance).first else {
            throw FleetError("no container was started")
        }
        let direct = try await Direct(container.id, on: host.engine)
        let answered = try await eventually("the lab answers", within: .seconds(60), every: .milliseconds(4)) {
            try await direct.get("/api").status == 200 ? ContinuousClock.now : nil
        }
        return (direct, answered)
    }
}
