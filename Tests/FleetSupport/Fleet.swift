import Foundation
import Programs
import Synchronization
import Testing

/// One real Carrel for one test: its configuration, its state directory, the broker as a child process, and the engines
/// that it uses. `withFleet` creates it and cleans it up.
final class Fleet: Sendable {
    let plan: Plan
    /// The test's own directory: configuration, state, logs, relays.
    let root: String
    let port: Int
    let authority: TestMachine.Authority
    let relays: [String: Relay]
    /// The crash points of the broker's database; only with `Plan.crashes`.
    let crashPoints: CrashPoints?
    /// The broker's wall clock; only with `Plan.setsClock`.
    let clock: ShiftedClock?
    private let running = Mutex<pid_t?>(nil)
    /// The copy of a proved state from which the broker began, or which was made of its first state.
    private let proved = Mutex<String?>(nil)

    fileprivate init(_ plan: Plan) async throws {
        self.plan = plan
        authority = try await TestMachine.authority()
        root = "/tmp/fleet-" + String((0..<8).map { _ in "abcdefghijkmnpqrstuvwxyz".randomElement()! })
        port = try TestMachine.freePort()
        try FileManager.default.createDirectory(atPath: root + "/state", withIntermediateDirectories: true)
        if plan.sharesHomes {
            try FileManager.default.createDirectory(atPath: root + "/homes", withIntermediateDirectories: true)
        }
        if let bytes = plan.stateBytes {
            try await Command(["mount", "-t", "tmpfs", "-o", "size=\(bytes)", "fleet", root + "/state"]).succeed()
        }
        var relays: [String: Relay] = [:]
        for host in plan.hosts where host.isRelayed {
            relays[host.name] = try Relay(at: Plan.relayPath(root, host.name), to: host.engine.socketPath)
        }
        self.relays = relays
        crashPoints = plan.crashes ? try CrashPoints(path: root + "/crash-points") : nil
        clock = plan.setsClock ? try ShiftedClock(path: root + "/clock") : nil
        try write(configuration: plan)
    }

    // MARK: paths

    var configurationPath: String { root + "/carrel.yaml" }
    var databasePath: String { root + "/state/carrel.db" }
    var logPath: String { root + "/broker.log" }
    var network: Browser.Network { Browser.Network(port: port, authority: authority.path) }
    var portal: URL { URL(string: "https://\(Plan.portal):\(port)/")! }
    var log: String { String(decoding: FileManager.default.contents(atPath: logPath) ?? Data(), as: UTF8.self) }

    /// The relay of the only relayed host.
    var relay: Relay { relays.values.first! }

    func browser() -> Browser { Browser(network) }

    func write(configuration plan: Plan) throws {
        let yaml = plan.yaml(root: root, port: port, certificate: authority.edge)
        try yaml.write(toFile: configurationPath, atomically: true, encoding: .utf8)
    }

    // MARK: the broker

    /// Starts the broker without waiting.
    func launchBroker(_ options: String...) throws {
        let pid = try Tether.shared.spawn(
            (crashPoints?.prefix() ?? []) + (clock?.prefix() ?? [])
                + [TestMachine.binary, "serve", "--config", configurationPath] + options, output: logPath)
        running.withLock { $0 = pid }
    }

    /// Starts a second broker that takes over from the running one, and waits until it is ready.
    /// - Returns: the old process, which ends when its last connection is closed; the caller waits for it.
    func takeOver() async throws -> pid_t {
        let old = try pid
        let before = readyCount
        try launchBroker("--takeover")
        try await eventually("another broker has taken over", within: .seconds(20)) {
            if let status = try self.exitStatus() {
                throw FleetError("it ended with status \(status): \(self.log.suffix(1500))")
            }
            return self.readyCount > before
        }
        return old
    }

    private var readyCount: Int { log.split(separator: "\n").count { $0.hasSuffix(" ready") } }

    /// Starts the broker and waits until it responds and every host of the plan is in `state`.
    func start(hosts state: String? = "active") async throws {
        try launchBroker()
        try await eventually("the broker answers", within: .seconds(20), every: .milliseconds(20)) {
            if let status = try self.exitStatus() {
                throw FleetError("the broker ended with status \(status): \(self.log.suffix(1500))")
            }
            return try await self.hosts()
        }
        guard let state else { return }
        try await eventually("all hosts are \(state)", within: .seconds(60)) {
            try await self.hosts().allSatisfy { $0.state == state }
        }
    }

    /// The first start; most fleets begin with a state that another fleet has proved.
    fileprivate func begin() async throws {
        guard let key = ProvedStates.key(plan) else { return try await start() }
        if let path = ProvedStates.shared.take(key) {
            proved.withLock { $0 = path }
            try FileManager.default.copyItem(atPath: path, toPath: databasePath)
            return try await start()
        }
        try await start()
        let path = try ProvedStates.shared.keep(databasePath)
        proved.withLock { $0 = path }
    }

    private var pid: pid_t {
        get throws {
            guard let pid = running.withLock({ $0 }) else { throw FleetError("no broker runs") }
            return pid
        }
    }

    func brokerPID() throws -> pid_t { try pid }

    /// The broker's exit status if it ended by itself.
    func exitStatus() throws -> Int32? {
        try running.withLock { pid in
            guard let running = pid, let status = try ChildExit.poll(running) else { return nil }
            pid = nil
            return status
        }
    }

    /// Kills the broker as a power failure would: no handler runs, nothing is flushed. Any thread.
    func killBroker() {
        running.withLock { pid in
            guard let running = pid else { return }
            kill(running, SIGKILL)
            var status: Int32 = 0
            waitpid(running, &status, 0)
            pid = nil
        }
    }

    func signalBroker(_ signal: Int32) throws { kill(try pid, signal) }

    /// Waits until the broker ends by itself; returns its exit status.
    func brokerExit(within limit: Duration = .seconds(15)) async throws -> Int32 {
        try await eventually("the broker ends", within: limit, every: .milliseconds(10)) { try self.exitStatus() }
    }

    /// Asks the broker to end and waits for it; returns its exit status.
    @discardableResult
    func stop() async throws -> Int32 {
        try signalBroker(SIGTERM)
        return try await brokerExit()
    }

    // MARK: the command line

    func carrel(_ arguments: String..., within limit: Duration = .seconds(60)) async throws -> Command.Output {
        try await Command([TestMachine.binary] + arguments + ["--config", configurationPath]).run(within: limit)
    }

    @discardableResult
    func succeed(_ arguments: String..., within limit: Duration = .seconds(60)) async throws -> String {
        try await Command([TestMachine.binary] + arguments + ["--config", configurationPath]).succeed(within: limit)
    }

    func link(
        _ learner: String, lab: String = "python", valid: String = "1h", options: [String] = []
    ) async throws -> URL {
        let link = ["link", "--lab", lab, "--learner", learner, "--name", learner.capitalized, "--valid", valid]
        let output = try await Command(
            [TestMachine.binary] + link + options + ["--config", configurationPath]
        ).succeed()
        guard let url = URL(string: output.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw FleetError("carrel link prints no address: \(output)")
        }
        return url
    }

    // MARK: what is on the engines

    func instance() throws -> String { try StateFile(path: databasePath).instance() }

    func containers() async throws -> [Engine.Container] {
        let instance = try instance()
        var all: [Engine.Container] = []
        for host in plan.hosts { all += try await host.engine.containers(instance: instance) }
        // A container without a session is not a lab.
        return all.filter { !$0.session.isEmpty }
    }

    /// Checks that every container has a live session, every session at most one container, and every seat a container.
    func expectNothingLeaked() async throws {
        try await eventually(
            "containers and live sessions are the same", within: .seconds(30), every: .milliseconds(200)
        ) {
            let live = try await self.sessions().filter { ["starting", "running", "ending"].contains($0.state) }
            guard live.allSatisfy({ $0.state == "running" }) else {
                throw FleetError("still under way: \(live.map { "\($0.learner): \($0.state)" })")
            }
            let containers = try await self.containers()
            let expected = live.map { "\($0.id)#\($0.epoch)" }.sorted()
            let found = containers.map { "\($0.session)#\($0.epoch)" }.sorted()
            if expected != found { throw FleetError("running sessions \(expected), containers \(found)") }
            return true
        }
    }

    fileprivate func tearDown() async {
        killBroker()
        for relay in relays.values { relay.finish() }
        let isOver = proved.withLock { $0 == nil }
        if let instance = try? instance() {
            for host in plan.hosts {
                // A container that the engine was just asked for may still appear meanwhile.
                do {
                    try await eventually("\(host.name) is clean", within: .seconds(30), every: .milliseconds(200)) {
                        try await host.engine.removeAll(instance: instance, andNetworks: isOver)
                        return true
                    }
                } catch {
                    Issue.record("cleaning up on \(host.name): \(error)")
                }
            }
        }
        // The engines' mounts for the slots are removed with the last container of ours.
        if let left = try? mounts(), !left.isEmpty { Issue.record("left mounted on the host: \(left)") }
        if plan.stateBytes != nil { _ = try? await Command(["umount", "--lazy", root + "/state"]).run() }
        try? FileManager.default.removeItem(atPath: root)
        if let path = proved.withLock({ $0 }), let key = ProvedStates.key(plan) {
            ProvedStates.shared.give(path, key)
        }
    }

    /// The mounts of this Carrel on this machine, which is the engines' host, deepest last.
    func mounts() throws -> [String] {
        let volume = "/volumes/carrel-\(try instance())-slots/"
        return try hostMounts().split(separator: "\n").compactMap { line in
            let place = String(line.split(separator: " ")[4])
            return place.contains(volume) ? place : nil
        }
    }

    /// The mount points at which homes are attached to warm labs, by slot name.
    func slotMounts() throws -> [String] { try mounts().filter { !$0.hasSuffix("/_data") } }

    fileprivate func printLog() {
        print("--- the broker's log (\(root)) ---\n\(log.suffix(8000))\n---")
    }
}

/// Runs a test with a Carrel of its own. The broker is running and its hosts are active unless `isStarted` is false.
func withFleet(
    _ plan: Plan, isStarted: Bool = true, _ test: (Fleet) async throws -> Void
) async throws {
    let fleet = try await Fleet(plan)
    do {
        if isStarted { try await fleet.begin() }
        try await test(fleet)
    } catch {
        fleet.printLog()
        await fleet.tearDown()
        throw error
    }
    await fleet.tearDown()
}
