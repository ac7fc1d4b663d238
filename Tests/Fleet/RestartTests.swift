import Foundation
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("A restart of the broker") struct RestartTests {
        @Test("after kill -9 leaves running labs reachable with the same cookie, and a kernel remembers what it knew")
        func runningLab() async throws {
            try await withFleet(Plan()) { fleet in
                let lab = try await fleet.open("ada")
                let kernel = try await lab.startKernel()
                _ = try await kernel.run("x = 41")
                let container = try await fleet.containers()

                fleet.killBroker()
                await #expect(throws: (any Error).self) { try await lab.get("/api/status") }
                try await fleet.start()

                // The cookie and the route are restored from the database: no new click is needed.
                #expect(try await lab.get("/api/status").status == 200)
                let socket = try await lab.browser.webSocket(
                    lab.origin.at("/api/kernels/\(kernel.id)/channels?session_id=\(kernel.session)"),
                    protocols: [Kernel.subprotocol])
                let reconnected = Kernel(id: kernel.id, session: kernel.session, socket: socket)
                #expect(try await reconnected.run("x + 1") == "42")
                #expect(try await fleet.containers() == container)
                #expect(try await fleet.open("ada").session == lab.session)
                try await fleet.expectNothingLeaked()
            }
        }

        @Test(
            "after kill -9 in the middle of a launch completes the launch",
            arguments: ["POST /containers/create", "POST /start", "GET /json"])
        func middleOfLaunch(request: String) async throws {
            let words = request.split(separator: " ")
            try await withFleet(Plan(relayed: true)) { fleet in
                let death = Once()
                // The engine still receives the request of a broker that dies while it waits for the answer.
                fleet.relay.judge { line in
                    let path = line.prefix { $0 != "?" }
                    if line.hasPrefix(words[0]), path.contains("/containers/"), path.hasSuffix(words[1]),
                        death.isFirst()
                    {
                        fleet.killBroker()
                    }
                    return .forward
                }
                let browser = fleet.browser()
                let link = try await fleet.link("ada")
                // The broker may die before this page arrives; then the learner clicks again.
                let began = try? await browser.visit(link, from: Fleet.course)
                try await eventually("the broker died at \(request)") { death.hasHappened }
                try await fleet.start()

                // An open page reconnects its stream and gets there without a reload.
                var page = began
                if page == nil { page = try await browser.visit(link, from: Fleet.course) }
                let id = try #require(page?.sessionID)
                let url = try #require(page?.url)
                try await browser.waitUntilRunning(url, within: .seconds(60))
                let lab = try await fleet.enter(id, from: url, in: browser)
                #expect(try await lab.get("/api/status").status == 200)
                #expect(try await fleet.sessions().count == 1)
                try await fleet.expectNothingLeaked()
            }
        }

        @Test("removes containers without a session, and touches nothing that is not its own")
        func reconciles() async throws {
            try await withFleet(Plan()) { fleet in
                let engine = fleet.plan.hosts[0].engine
                let instance = try fleet.instance()
                let foreign = "foreign-\(instance)"
                let run = ["run", "--detach", "--name"]
                let sleep = ["--entrypoint", "sleep", Plan.jupyterImage, "600"]
                try await fleet.stop()

                // A container with our labels, but of a session that the database does not have; one of another
                // instance; one without labels.
                try await engine.docker(
                    run + [
                        "orphan-\(instance)", "--label", "carrel.instance=\(instance)", "--label",
                        "carrel.session=nobodyknowsthis", "--label", "carrel.epoch=1",
                    ] + sleep)
                try await engine.docker(
                    run + [
                        "other-\(instance)", "--label", "carrel.instance=somebodyelse", "--label",
                        "carrel.session=theirs", "--label", "carrel.epoch=1",
                    ] + sleep)
                try await engine.docker(run + [foreign] + sleep)
                try await engine.docker(["network", "create", foreign])
                do {
                    try await fleet.start()
                    try await eventually("the orphan is removed") {
                        try await !engine.exists(container: "orphan-\(instance)")
                    }
                    _ = try await fleet.open("ada")
                    #expect(try await engine.exists(container: "other-\(instance)"))
                    #expect(try await engine.exists(container: foreign))
                    #expect(try await engine.exists(network: foreign))
                    try await fleet.expectNothingLeaked()
                } catch {
                    Issue.record(error)
                }
                try await engine.docker(["rm", "--force", "other-\(instance)", foreign])
                try await engine.docker(["network", "rm", foreign])
            }
        }

        @Test("says of a session whose container has gone that it has gone")
        func vanished() async throws {
            try await withFleet(Plan()) { fleet in
                let lab = try await fleet.open("ada")
                fleet.killBroker()
                let container = try #require(try await fleet.containers().first)
                try await fleet.plan.hosts[0].engine.docker("rm", "--force", container.id)
                try await fleet.start()
                let ended = try await fleet.wait(for: lab.session, toBe: "ended")
                #expect(
                    ended.reason?.contains("no longer") == true || ended.reason?.contains("gone") == true,
                    "\(ended.reason ?? "")")
                let told = try await fleet.succeed("session", "show", lab.session)
                #expect(told.contains(ended.reason ?? "?"))
                #expect(try await lab.reload().response.text.contains("Start again"))
            }
        }

        @Test("by SIGTERM is graceful: the broker ends with 0, a download under way arrives whole, labs go on")
        func terminate() async throws {
            try await withFleet(Plan()) { fleet in
                let lab = try await fleet.open("ada")
                let file = try randomBytes(8 << 20)
                try await lab.upload(file, as: "slow.bin")
                let signal = Once()
                let received = try await lab.browser.download(lab.origin.at("/files/slow.bin")) {
                    if signal.isFirst() {
                        try fleet.signalBroker(SIGTERM)
                    }
                }
                #expect(sha256(received) == sha256(file))
                #expect(try await fleet.brokerExit() == 0)
                #expect(try await fleet.containers().map(\.state) == ["running"])
                try await fleet.start()
                #expect(try await lab.get("/api/status").status == 200)
            }
        }
    }
}
