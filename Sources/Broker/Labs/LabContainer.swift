import BrokerCore
import DockerEngine
import EventLoop
import TLS

/// Everything that a lab's container is made of, as a pure function of the run: names, labels, limits, mounts.
struct LabContainer {
    /// Marks everything of ours on a host; what does not bear both is never touched.
    enum Label {
        static let instance = "carrel.instance"
        static let session = "carrel.session"
        static let epoch = "carrel.epoch"
        static let portal = "carrel.portal"
        static let lab = "carrel.lab"
        /// Of a lab whose home is attached later: the slot on the host. Empty on any other.
        static let slot = "carrel.slot"
        /// On what is ours and no lab; on a lab it means nothing.
        static let role = "carrel.role"
        /// In bytes: what other Carrels on this host count.
        static let memory = "carrel.memory"
        /// What told this life of the engine from others when the container was made; empty where that was not known.
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
    /// The host's directory on which a home will be attached, of a warm seat that is nobody's yet.
    var slot: String?
    /// What tells this life of the engine from others; nil where it is not known.
    var engineLife: String?
    /// The directories for which the image declares volumes, besides the home.
    private(set) var scratch: [String] = []
    /// What the edge shows to Jupyter with each request; unused by the other kinds.
    let token: String

    /// What opens a lab of this kind to us, as the value of `Authorization`; only Jupyter asks for it, the other kinds
    /// trust whoever reaches their port.
    static func authorization(_ kind: LabKind, token: @autoclosure () -> String) -> String? {
        kind == .jupyter ? "token " + token() : nil
    }

    /// Used once: each run has a name of its own, so a late reply about an older one can do no harm.
    ///
    /// The engine's resolver tells names of containers to their neighbours, and the name of a session is the secret in
    /// its lab's hostname; so the name is a digest, from which the session cannot be found.
    static func name(instance: String, session: SessionID, epoch: Int) -> String {
        "carrel-\(instance)-\(SHA256.digest("carrel container name 1\n\(session)\n\(epoch)").hex.prefix(20))"
    }

    var name: String {
        let (name, epoch) = session.container
        return Self.name(instance: instance, session: name, epoch: epoch)
    }

    static func networkName(instance: String, egress: Egress) -> String { "carrel-\(instance)-\(egress.rawValue)" }

    /// A lab without egress has no resolver. The engine's own resolver passes every name on to the container's loopback,
    /// where nothing listens, and programs give up after the shortest time that resolv.conf(5) has, without a second
    /// attempt and without the host's search domains.
    static func resolver(_ egress: Egress) -> ContainerSpec.Resolver? {
        switch egress {
        case .none:
            ContainerSpec.Resolver(servers: ["127.0.0.1"], search: ["."], options: ["timeout:1", "attempts:1"])
        case .allow: nil
        }
    }

    /// The network by which an engine is known again.
    static let telltaleEgress = Egress.none

    /// The full stop stands in no encoded name, so no portal and learner share a volume with another pair.
    var volumeName: String {
        "carrel-\(instance)-home-\(HomeName.encode(session.learner.portal)).\(HomeName.encode(session.learner.id))"
    }

    /// Everything that is read of a lab, empty where it has none: what is not set here would be the image's to say. See
    /// `ContainerLabels`.
    var labels: [String: String] {
        let (name, epoch) = session.container
        return [
            Label.instance: instance, Label.session: name.rawValue, Label.epoch: String(epoch),
            Label.portal: session.learner.portal, Label.lab: session.lab,
            Label.memory: String(lab.memoryBytes), Label.slot: slot ?? "", Label.engineLife: engineLife ?? "",
        ]
    }

    /// A warm seat's container: the run of a session that nobody has yet.
    static func session(for seat: WarmSeat) -> Session {
        let since =
            switch seat.state {
            case .starting(let since), .ready(_, let since): since
            }
        return Session(
            id: seat.id.run, learner: Learner(portal: seat.pool.portal, id: seat.learner ?? "", name: ""),
            lab: seat.pool.lab, epoch: 0, state: .queued(since: since), createdAt: since, lastActivityAt: since)
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

    /// This container for an image that declares volumes (`VOLUME`). What is in them goes with the container.
    /// - Throws: for one beneath the home: what a learner keeps there would go, too.
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

    /// The bearer token of a run's Jupyter server: derived, so that no copy of it needs to be stored.
    static func token(key: HMACKey, session: SessionID, epoch: Int) -> String {
        let code = key.authenticationCode(for: Array("carrel lab token 1\n\(session)\n\(epoch)".utf8))
        return Base64URL.encode(code)
    }

    /// This container with the learner's home made ready: a directory on the shared root, or a volume of the host.
    @ControlLoop
    func preparingHome(root: String?, engine: DockerEngine) async throws -> LabContainer {
        var prepared = self
        guard lab.files == .home else { return prepared }
        guard let root else {
            try await engine.ensureVolume(
                name: volumeName, labels: [Label.instance: instance, Label.portal: session.learner.portal])
            return prepared
        }
        let homes = SharedHomes(root: root, instance: instance)
        let (learner, lab) = (session.learner, lab)
        // A slow or dead file server must not hold up the control loop.
        prepared.homeDirectory = try await Task.detached {
            try homes.ensure(
                portal: learner.portal, learner: learner.id, userID: lab.userID, groupID: lab.groupID)
        }.value
        return prepared
    }

    var specification: ContainerSpec {
        // Where nothing can be installed from outside, pip would otherwise try five times, with longer and longer pauses.
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
