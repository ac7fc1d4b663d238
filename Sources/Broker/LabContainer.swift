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
    }

    /// The instance identifier from the state directory.
    let instance: String
    let session: Session
    let lab: Lab
    /// The host's address on which the lab's port is published.
    let publishAddress: String
    /// The learner's directory on the shared root; nil for a named volume.
    var homeDirectory: String?
    /// What the edge shows to Jupyter with each request; unused by the other kinds.
    let token: String

    /// Used once: each run has a name of its own, so a late reply about an older one can do no harm.
    static func name(instance: String, session: SessionID, epoch: Int) -> String {
        "carrel-\(instance)-\(session)-\(epoch)"
    }

    var name: String { Self.name(instance: instance, session: session.id, epoch: session.epoch) }

    static func networkName(instance: String, egress: Egress) -> String { "carrel-\(instance)-\(egress.rawValue)" }

    /// The full stop stands in no encoded name, so no portal and learner share a volume with another pair.
    var volumeName: String {
        "carrel-\(instance)-home-\(HomeName.encode(session.learner.portal)).\(HomeName.encode(session.learner.id))"
    }

    var labels: [String: String] {
        [
            Label.instance: instance, Label.session: session.id.rawValue, Label.epoch: String(session.epoch),
            Label.portal: session.learner.portal, Label.lab: session.lab,
        ]
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
        guard let root else {
            try await engine.ensureVolume(
                name: volumeName, labels: [Label.instance: instance, Label.portal: session.learner.portal])
            return prepared
        }
        let homes = SharedHomes(root: root)
        let (learner, lab) = (session.learner, lab)
        // A slow or dead file server must not hold up the control loop.
        prepared.homeDirectory = try await Task.detached {
            try homes.ensure(
                portal: learner.portal, learner: learner.id, userID: lab.userID, groupID: lab.groupID)
        }.value
        return prepared
    }

    var specification: ContainerSpec {
        var environment = lab.environment
        switch lab.kind {
        case .jupyter: environment["JUPYTER_TOKEN"] = token
        case .rstudio, .http: break
        }
        return ContainerSpec(
            image: lab.image, environment: environment, labels: labels, user: "\(lab.userID):\(lab.groupID)",
            hostname: lab.name, port: lab.port, publishAddress: publishAddress, memoryBytes: lab.memoryBytes,
            cpus: lab.cpus, processLimit: lab.processLimit,
            mounts: [
                homeDirectory.map { .bind(source: $0, destination: lab.homePath) }
                    ?? .volume(name: volumeName, destination: lab.homePath)
            ],
            network: Self.networkName(instance: instance, egress: lab.egress))
    }
}
