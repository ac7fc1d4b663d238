import BrokerCore
import DockerEngine
import EventLoop
import TLS

/// The definition of a lab's container, as a pure function of the run: names, labels, limits, mounts.
struct LabContainer {
    /// Labels on everything of ours on a host. A container without both our label and our instance is never touched.
    enum Label {
        static let instance = "carrel.instance"
        static let session = "carrel.session"
        static let epoch = "carrel.epoch"
        static let portal = "carrel.portal"
        static let lab = "carrel.lab"
        /// For a lab whose home is attached later: the slot on the host. Empty on any other.
        static let slot = "carrel.slot"
        /// The role of our containers that are not labs; ignored on a lab.
        static let role = "carrel.role"
        /// In bytes: read by other Carrel instances on this host.
        static let memory = "carrel.memory"
        /// The engine's life during which the container was created; empty if that was not known.
        static let engineLife = "carrel.engine-life"
    }

    /// The instance identifier from the state directory.
    let instance: String
    let session: Session
    let lab: Lab
    /// The host's address on which the lab's port is published.
    let publishAddress: String
    /// The learner's directory on the shared root; nil for a named volume.
    var homeDirectory: String?
    /// For an unclaimed warm seat: the host's directory on which a home will be attached.
    var slot: String?
    /// Identifies the engine's current life; nil if it is not known.
    var engineLife: String?
    /// The directories that the image declares as volumes, besides the home.
    private(set) var scratch: [String] = []
    /// The token that the edge presents to Jupyter with each request; unused by the other kinds.
    let token: String

    /// The `Authorization` value with which we access a lab of this kind. Only Jupyter requires one; the other kinds
    /// trust any client that reaches their port.
    static func authorization(_ kind: LabKind, token: @autoclosure () -> String) -> String? {
        kind == .jupyter ? "token " + token() : nil
    }

    /// Unique to the run, so that a late reply about an older run can do no harm.
    ///
    /// The engine's resolver reveals container names to neighbours, and a session's name is the secret in its lab's
    /// hostname, so the container name is a digest from which the session cannot be derived.
    static func name(instance: String, session: SessionID, epoch: Int) -> String {
        "carrel-\(instance)-\(SHA256.digest("carrel container name 1\n\(session)\n\(epoch)").hex.prefix(20))"
    }

    var name: String {
        let (name, epoch) = session.container
        return Self.name(instance: instance, session: name, epoch: epoch)
    }

    static func networkName(instance: String, egress: Egress) -> String { "carrel-\(instance)-\(egress.rawValue)" }

    /// A lab without egress has no resolver. The engine's own resolver forwards every name to the container's loopback,
    /// where nothing listens, and programs give up after the shortest timeout that resolv.conf(5) allows, without a
    /// second attempt and without the host's search domains.
    static func resolver(_ egress: Egress) -> ContainerSpec.Resolver? {
        switch egress {
        case .none:
            ContainerSpec.Resolver(servers: ["127.0.0.1"], search: ["."], options: ["timeout:1", "attempts:1"])
        case .allow: nil
        }
    }

    /// The network whose identifier identifies an engine.
    static let telltaleEgress = Egress.none

    /// A full stop occurs in no encoded name, so no two pairs of portal and learner share a volume.
    var volumeName: String {
        "carrel-\(instance)-home-\(HomeName.encode(session.learner.portal.rawValue)).\(HomeName.encode(session.learner.id))"
    }

    /// Every label that is read from a lab, empty if it has no value: a label not set here would be inherited from the
    /// image. See `ContainerLabels`.
    var labels: [String: String] {
        let (name, epoch) = session.container
        return [
            Label.instance: instance, Label.session: name.rawValue, Label.epoch: String(epoch),
            Label.portal: session.learner.portal.rawValue, Label.lab: session.lab.name,
            Label.memory: String(lab.memoryBytes), Label.slot: slot ?? "", Label.engineLife: engineLife ?? "",
        ]
    }

    /// A placeholder session for the container of an unclaimed warm seat.
    static func session(for seat: WarmSeat) -> Session {
        let since =
            switch seat.state {
            case .starting(let since), .ready(_, let since): since
            }
        return Session(
            id: seat.id.run, learner: Learner(portal: seat.pool.portal, id: seat.learner ?? "", name: ""),
            lab: seat.pool.name, epoch: 0, state: .queued(since: since), createdAt: since, lastActivityAt: since)
    }

    private var mounts: [ContainerSpec.Mount] {
        switch lab.files {
        case .none: return []
        case .home:
            if let slot { return [.slot(source: slot, destination: lab.homePath)] }
            if let homeDirectory { return [.bind(source: homeDirectory, destination: lab.homePath)] }
            return [.volume(name: volumeName, destination: lab.homePath)]
        }
    }

    /// This container for an image that declares volumes (`VOLUME`). Their contents are deleted with the container.
    /// - Throws: if one is beneath the home, because a learner's files there would be deleted too.
    func declaring(volumes: [String]) throws(StartProblem) -> LabContainer {
        var declaring = self
        declaring.scratch = volumes.filter { volume in mounts.allSatisfy { $0.destination != volume } }
        if lab.files == .home, let lost = declaring.scratch.first(where: { $0.hasPrefix(lab.homePath + "/") }) {
            throw StartProblem(
                failure: .engine(
                    "The image \(lab.image) declares the volume \(lost) inside the home, so what is saved there would be "
                        + "lost at the end. Build the image without that VOLUME, or give the lab `files: none`."))
        }
        return declaring
    }

    /// The bearer token of a run's Jupyter server: derived, so that it need not be stored.
    static func token(key: HMACKey, session: SessionID, epoch: Int) -> String {
        let code = key.authenticationCode(for: Array("carrel lab token 1\n\(session)\n\(epoch)".utf8))
        return Base64URL.encode(code)
    }

    /// This container with the learner's home prepared: a directory on the shared root, or a volume of the host.
    @ControlLoop
    func preparingHome(by configuration: BrokerConfiguration, engine: DockerEngine) async throws -> LabContainer {
        var prepared = self
        guard lab.files == .home else { return prepared }
        guard let homes = configuration.homes(of: session.learner.portal, instance: instance) else {
            try await engine.ensureVolume(
                name: volumeName, labels: [Label.instance: instance, Label.portal: session.learner.portal.rawValue])
            return prepared
        }
        let (learner, lab) = (session.learner, lab)
        // A slow or dead file server must not block the control loop.
        prepared.homeDirectory = try await Task.detached {
            try homes.ensure(
                portal: learner.portal, learner: learner.id, userID: lab.userID, groupID: lab.groupID)
        }.value
        return prepared
    }

    var specification: ContainerSpec {
        // Without egress pip cannot install anything and would otherwise retry five times with growing pauses.
        var environment = lab.egress == .none ? ["PIP_RETRIES": "0"] : [:]
        environment.merge(lab.environment) { _, own in own }
        switch lab.kind {
        case .jupyter: environment["JUPYTER_TOKEN"] = token
        case .rstudio, .http: break
        }
        return ContainerSpec(
            image: lab.image, environment: environment, labels: labels, user: "\(lab.userID):\(lab.groupID)",
            hostname: lab.name, port: lab.port, publishAddress: publishAddress, memoryBytes: lab.memoryBytes,
            sharedMemoryBytes: lab.sharedMemoryBytes, cpus: lab.cpus, processLimit: lab.processLimit,
            mounts: mounts + scratch.map { .scratch(destination: $0) },
            network: Self.networkName(instance: instance, egress: lab.egress), resolver: Self.resolver(lab.egress))
    }
}
