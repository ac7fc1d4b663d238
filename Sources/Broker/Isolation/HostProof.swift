import BrokerCore
import DockerEngine
import EventLoop
import HTTPTransport
import HelperImage
import TLS

/// Makes a host keep the network promises made to labs, and proves that it does: with our networks, the packet filter
/// around them, and a try-out with our own containers in place of labs. Everything that it starts is removed again,
/// except for networks and filter.
@ControlLoop
struct HostProof {
    let engine: DockerEngine
    let client: HTTPClient
    let instance: String
    let publishAddress: String
    /// The addresses from which labs' ports are reached; if empty, the source addresses of this machine's routes.
    let brokers: [AddressRange]
    /// Names or addresses of all hosts.
    let hosts: [String]
    let addresses: HostAddresses
    let ranges: EgressRanges

    struct Failure: Error {
        var reason: String
    }

    /// The networks and the filter that have been set up around labs.
    struct Laid {
        var networks: [Egress: EngineNetwork]
        var fence: Fence
        /// The address on which labs' ports are published.
        var publishAddress: String
        /// Whether the filter was missing or had different rules.
        var isNew: Bool
        /// Whether the helper that set the filter is already watching.
        var isWatched = false
        /// The kernel limits of the host, which the helper reads as well.
        var kernel: KernelLimits?

        /// A digest of everything that a try-out depends on: while it is unchanged and the filter is in place, a proof
        /// holds.
        /// - Parameter engineLife: nil if it is not known, in which case there is no mark.
        func mark(engineLife: String?) -> String? {
            guard let engineLife else { return nil }
            let parts =
                [HelperImage.current.reference, engineLife, publishAddress] + networks.values.map(\.id).sorted()
                + networks.values.flatMap(\.gateways).sorted() + fence.hosts.map { "host \($0)" } + fence.rules
            return SHA256.digest(parts.joined(separator: "\n")).hex
        }
    }

    /// Creates the networks of this instance that are missing.
    @discardableResult
    func ensureNetworks() async throws(EngineError) -> [Egress: EngineNetwork] {
        var networks: [Egress: EngineNetwork] = [:]
        for egress in Egress.allCases {
            networks[egress] = try await engine.ensureNetwork(
                NetworkSpec(
                    name: LabContainer.networkName(instance: instance, egress: egress),
                    labels: [LabContainer.Label.instance: instance],
                    bridge: Fence.bridge(instance: instance, egress: egress), masquerade: egress == .allow))
        }
        return networks
    }

    /// Sets the packet filter, or confirms that it is in place.
    /// - Parameter words: if given, the helper continues as the watcher of that try-out, which saves a container.
    func lay(_ networks: [Egress: EngineNetwork], watching words: Words? = nil) async throws -> Laid {
        let fence = try await fence(networks)
        guard let words else {
            let (lines, code) = try await engine.runHelper(
                name: "carrel-\(instance)-fence-\(SecureRandom.slug(length: 8))", fenceHelper(fence.rules),
                timeout: BrokerLimits.proofTimeout)
            guard code == 0 else { throw Self.refused(lines) }
            return Laid(
                networks: networks, fence: fence, publishAddress: publishAddress, isNew: lines.first != "kept",
                kernel: KernelLimits(helper: lines))
        }
        do {
            let watch = words.watch(plan(words, networks, fence))
            let lines = try await startWatcher(words, fenceHelper(fence.rules, watching: watch))
            return Laid(
                networks: networks, fence: fence, publishAddress: publishAddress, isNew: lines.first != "kept",
                isWatched: true, kernel: KernelLimits(helper: lines))
        } catch {
            await remove(words)
            throw error
        }
    }

    private static func refused(_ lines: [String]) -> Failure {
        Failure(reason: "the packet filter around labs cannot be set (nf_tables): \(lines.joined(separator: " "))")
    }

    private func fence(_ networks: [Egress: EngineNetwork]) async throws -> Fence {
        if let open = networks.values.first(where: \.joinsNeighbours) {
            throw Failure(
                reason:
                    "the engine joins the containers of its network with the bridge \(open.bridge), although it was "
                    + "asked not to (enable_icc=false); remove that network, or use Docker Engine on this host")
        }
        let publishAddress = publishAddress
        let addresses = await addresses.resolve(hosts)
        let source = await Task.detached { LocalAddresses.source(toward: publishAddress) }.value
        let own = source.flatMap { AddressRange($0) }
        let sources = brokers.isEmpty ? [own].compactMap(\.self) : brokers
        return Fence(
            bridges: networks.mapValues(\.bridge), brokers: sources.filter { !Self.isLoopback($0) },
            isLocal: sources.contains { Self.isLoopback($0) || $0.contains(publishAddress) },
            hosts: addresses, ranges: ranges)
    }

    /// Sets up networks and filter, and tries the network promises on them.
    func prove() async throws -> (Laid, HostIsolation) {
        let words = Words(instance: instance)
        let laid = try await lay(try await ensureNetworks(), watching: words)
        return (laid, await tryOut(laid, words))
    }

    /// Tries the network promises on what has been set up.
    func tryOut(_ laid: Laid) async -> HostIsolation { await tryOut(laid, Words(instance: instance)) }

    private func tryOut(_ laid: Laid, _ words: Words) async -> HostIsolation {
        do {
            return try await attempt(laid, words)
        } catch let failure as Failure {
            return .unproved(reason: failure.reason)
        } catch {
            return .unproved(reason: (error as? EngineError)?.message ?? "\(error)")
        }
    }

    /// Removes networks and filter again, so that a check leaves nothing behind.
    func takeOff() async {
        _ = try? await engine.runHelper(
            name: "carrel-\(instance)-fence-\(SecureRandom.slug(length: 8))", fenceHelper([]),
            timeout: BrokerLimits.proofTimeout)
        for egress in Egress.allCases {
            try? await engine.removeNetwork(LabContainer.networkName(instance: instance, egress: egress))
        }
    }

    private func fenceHelper(_ rules: [String], watching watch: [String] = []) -> HelperSpec {
        HelperSpec(
            command: ["fence", Fence.table(instance: instance)] + watch + rules, labels: labels,
            capabilities: watch.isEmpty ? [.networkAdministration] : [.networkAdministration, .rawNetwork], user: "0:0",
            network: .host)
    }

    // MARK: The try-out

    private var labels: [String: String] {
        [LabContainer.Label.instance: instance, LabContainer.Label.role: "try"]
    }

    private func attempt(_ laid: Laid, _ words: Words) async throws -> HostIsolation {
        do {
            try await removeOld()
            let isolation = try await verdict(on: laid, words)
            await remove(words)
            return isolation
        } catch {
            await remove(words)
            throw error
        }
    }

    private func remove(_ words: Words) async {
        for container in words.containers { try? await engine.removeIfThere(container) }
    }

    /// The containers of a try-out.
    private enum Member: Hashable, CaseIterable {
        case watcher, neighbour, none, allow
    }

    /// Secrets of a single try-out.
    struct Words: Sendable {
        /// The port by which the watcher recognises its packets.
        let port = 20_000 + Int(SecureRandom.bytes(2).reduce(0) { $0 << 8 | Int($1) }) % 12_000
        let word = SecureRandom.slug(length: 20)
        /// The key without which no one can request attempts.
        let key = SecureRandom.slug(length: 20)
        /// What the container on each network answers, so that we know which of them answered.
        let answers: [Egress: String] = [.none: SecureRandom.slug(length: 20), .allow: SecureRandom.slug(length: 20)]
        let watcher: String
        let neighbour: String
        let labs: [Egress: String]

        init(instance: String) {
            let number = SecureRandom.slug(length: 8)
            watcher = "carrel-\(instance)-watch-\(number)"
            neighbour = "carrel-\(instance)-try-neighbour-\(number)"
            labs = [.none: "carrel-\(instance)-try-none-\(number)", .allow: "carrel-\(instance)-try-allow-\(number)"]
        }

        /// The watching helper's arguments.
        func watch(_ tryOut: TryOut) -> [String] {
            ["watch", "\(port)", word, tryOut.watched.joined(separator: ",")]
        }

        var containers: [String] { [watcher, neighbour] + labs.values }
    }

    private func verdict(on laid: Laid, _ words: Words) async throws -> HostIsolation {
        let watch = words.watch(plan(words, laid.networks, laid.fence))
        let started = try await withThrowingTaskGroup(of: (Member, ContainerDetails?).self) { group in
            for member in Member.allCases where member != .watcher || !laid.isWatched {
                group.addTask { (member, try await self.start(member, words, watch)) }
            }
            var started: [Member: ContainerDetails] = [:]
            for try await (member, details) in group { started[member] = details }
            return started
        }
        let neighbours = started[.neighbour]?.addresses ?? [:]
        var published: [Egress: Int] = [:]
        published[.none] = started[.none]?.publishedPort
        published[.allow] = started[.allow]?.publishedPort
        let tryOut = plan(
            words, laid.networks, laid.fence,
            neighbours: Dictionary(
                uniqueKeysWithValues: Egress.allCases.compactMap { egress in
                    neighbours[LabContainer.networkName(instance: instance, egress: egress)].map { (egress, $0) }
                }),
            published: published)
        let outcomes = try await withThrowingTaskGroup(of: (Egress, [String]).self) { group in
            for egress in Egress.allCases {
                group.addTask { (egress, try await self.ask(egress, tryOut, words)) }
            }
            var outcomes: [Egress: [String]] = [:]
            for try await (egress, lines) in group { outcomes[egress] = lines }
            return outcomes
        }
        try await engine.stop(words.watcher, grace: .seconds(1))
        let sightings = try await engine.logs(words.watcher, lines: BrokerLimits.sightings)
        return tryOut.verdict(
            TryOut.Observations(
                outcomes: outcomes, sightings: sightings, bridges: laid.networks.mapValues(\.bridge)))
    }

    /// The plan of the try-out. Before the containers exist, it lacks only the attempts that target them.
    private func plan(
        _ words: Words, _ networks: [Egress: EngineNetwork], _ fence: Fence, neighbours: [Egress: String] = [:],
        published: [Egress: Int] = [:]
    ) -> TryOut {
        TryOut(
            port: words.port, neighbours: neighbours, labPort: BrokerLimits.tryOutPort, published: published,
            publishAddress: publishAddress, gateways: networks.values.flatMap(\.gateways).sorted(), hosts: fence.hosts,
            ranges: ranges)
    }

    private func start(_ member: Member, _ words: Words, _ watch: [String]) async throws -> ContainerDetails? {
        switch member {
        case .watcher:
            _ = try await startWatcher(
                words,
                HelperSpec(
                    command: watch, labels: labels, capabilities: [.rawNetwork], user: "0:0", network: .host))
            return nil
        case .neighbour: return try await start(words.neighbour, on: .none, words, answer: "neighbour", besides: .allow)
        case .none: return try await startLab(.none, words)
        case .allow: return try await startLab(.allow, words)
        }
    }

    private func startLab(_ egress: Egress, _ words: Words) async throws -> ContainerDetails {
        try await start(words.labs[egress] ?? "", on: egress, words, answer: words.answers[egress] ?? "")
    }

    /// Starts a container like a lab's, but with the helper's program.
    private func start(
        _ name: String, on egress: Egress, _ words: Words, answer: String, besides other: Egress? = nil
    ) async throws -> ContainerDetails {
        let image = try await engine.helperImageID()
        let container = try await engine.create(
            name: name,
            ContainerSpec(
                image: image,
                command: ["try", "\(BrokerLimits.tryOutPort)", words.key, answer, words.word],
                environment: [:], labels: labels, user: "65534:65534", hostname: "try", port: BrokerLimits.tryOutPort,
                publishAddress: publishAddress, memoryBytes: 16 << 20, cpus: 1, processLimit: 8, mounts: [],
                network: LabContainer.networkName(instance: instance, egress: egress),
                resolver: LabContainer.resolver(egress)))
        if let other {
            try await engine.connect(container, to: LabContainer.networkName(instance: instance, egress: other))
        }
        try await engine.start(container)
        return try await engine.inspect(container)
    }

    /// Lines that a helper writes before its first sighting: the result of setting the filter, the kernel limits, that
    /// it is watching; and one spare.
    private static let firstLines = 4

    /// - Returns: the lines that it wrote before it began to watch.
    private func startWatcher(_ words: Words, _ spec: HelperSpec) async throws -> [String] {
        let watcher = try await engine.startHelper(name: words.watcher, spec)
        let deadline = ControlLoop.loop.now + BrokerLimits.proofTimeout
        while true {
            let lines = try await engine.logs(watcher, lines: Self.firstLines)
            if lines.contains("watching") { return lines }
            guard try await engine.inspect(watcher).isRunning, ControlLoop.loop.now < deadline else {
                let lines = (try? await engine.logs(watcher, lines: Self.firstLines)) ?? []
                guard ["made", "kept", nil].contains(lines.first) || !spec.command.contains("fence") else {
                    throw Self.refused(lines)
                }
                throw Failure(reason: "the host's packets cannot be watched: \(lines.joined(separator: " "))")
            }
            try await Task.sleep(for: BrokerLimits.readinessInterval)
        }
    }

    /// Has the container on this network make its attempts, requested through its published port, which tests that port
    /// too.
    private func ask(_ egress: Egress, _ tryOut: TryOut, _ words: Words) async throws -> [String] {
        guard let port = tryOut.published[egress] else {
            throw Failure(reason: "the engine published no port at \(publishAddress) for a lab")
        }
        let request = HTTPClientRequest(
            method: "GET", target: "/\(words.key)/" + tryOut.attempts(from: egress).joined(separator: "/"),
            authority: "\(publishAddress):\(port)")
        var trouble = "it is answered by another program"
        let deadline = ControlLoop.loop.now + BrokerLimits.tryOutPatience
        while ControlLoop.loop.now < deadline {
            do throws(HTTPClientError) {
                let response = try await client.send(
                    request, to: .tcp(host: publishAddress, port: port), timeout: BrokerLimits.labQuestionTimeout,
                    bodyLimit: BrokerLimits.labAnswerBytes)
                let lines = String(decoding: response.body, as: UTF8.self).split(separator: "\n").map(String.init)
                if lines.first == words.answers[egress] { return Array(lines.dropFirst()) }
            } catch {
                trouble = error.message
            }
            try await Task.sleep(for: BrokerLimits.tryOutPause)
        }
        throw Failure(
            reason: "the port that a try-out published at \(publishAddress):\(port) does not lead to it (\(trouble)): "
                + "publish_address must be an address of this host that the broker reaches, and broker_addresses those "
                + "from which it comes, if they are not the ones of its routes")
    }

    /// Removes containers that an interrupted try-out left behind. Those of one in progress are still running and stay.
    private func removeOld() async throws {
        let wanted = labels.map { "\($0.key)=\($0.value)" }.sorted()
        for old in try await engine.list(labels: wanted) where old.isOver {
            try? await engine.remove(old.id, force: false)
        }
    }

    private static func isLoopback(_ range: AddressRange) -> Bool {
        range.bytes.count == 4 ? range.bytes.first == 127 : range.bytes == [UInt8](repeating: 0, count: 15) + [1]
    }
}
