import BrokerCore
import DockerEngine
import TLS
import Testing

@testable import Broker

@Suite("What a lab's container is made of")
struct LabContainerTests {
    static let lab = Lab(
        name: "python", title: "Python", kind: .jupyter, image: "carrel/jupyterlab:dev", memoryBytes: 1 << 30,
        cpus: 0.5,
        processLimit: 256, idleTimeout: .seconds(60), maximumLifetime: .seconds(600), readyTimeout: .seconds(30),
        egress: .none, port: 8888, homePath: "/home/learner", userID: 1000, groupID: 1000, environment: ["A": "b"])

    static func container(kind: LabKind = .jupyter, homeDirectory: String? = nil) -> LabContainer {
        var lab = lab
        lab.kind = kind
        let moment = Timestamp(milliseconds: 0)
        return LabContainer(
            instance: "i1",
            session: Session(
                id: SessionID(rawValue: "slug"), learner: Learner(portal: "p", id: "a/b", name: "Ada"), lab: "python",
                epoch: 3, state: .queued(since: moment), createdAt: moment, lastActivityAt: moment),
            lab: lab, publishAddress: "10.0.0.2", homeDirectory: homeDirectory, token: "secret")
    }

    @Test("Its name and labels hold instance, session and run, and labels hold no learner")
    func names() {
        let container = Self.container()
        #expect(container.name == "carrel-i1-slug-3")
        #expect(
            container.specification.labels == [
                "carrel.instance": "i1", "carrel.session": "slug", "carrel.epoch": "3", "carrel.portal": "p",
                "carrel.lab": "python", "carrel.memory": "1073741824",
            ])
    }

    @Test("It runs as the lab's user, limited, on the network of its egress, published on the private address alone")
    func isolation() {
        let specification = Self.container().specification
        #expect(specification.user == "1000:1000")
        #expect(specification.memoryBytes == 1 << 30)
        #expect(specification.cpus == 0.5)
        #expect(specification.processLimit == 256)
        #expect(specification.network == "carrel-i1-none")
        #expect(specification.publishAddress == "10.0.0.2")
    }

    @Test("Without a shared root the home is a volume of the learner's own")
    func volume() {
        #expect(
            Self.container().specification.mounts == [
                .volume(name: "carrel-i1-home-p.a_2fb", destination: "/home/learner")
            ])
    }

    @Test("With a shared root the learner's directory is mounted and nothing above it")
    func bind() {
        #expect(
            Self.container(homeDirectory: "/homes/p/a_2fb").specification.mounts == [
                .bind(source: "/homes/p/a_2fb", destination: "/home/learner")
            ])
    }

    @Test("Only Jupyter gets a token, and the lab's own environment stays")
    func environment() {
        #expect(Self.container().specification.environment == ["A": "b", "JUPYTER_TOKEN": "secret"])
        #expect(Self.container(kind: .rstudio).specification.environment == ["A": "b"])
    }

    @Test("Every run has a token of its own, the same whenever it is derived")
    func tokens() {
        let key = HMACKey(bytes: [UInt8](repeating: 7, count: 32))
        let session = SessionID(rawValue: "slug")
        let token = LabContainer.token(key: key, session: session, epoch: 1)
        #expect(token == LabContainer.token(key: key, session: session, epoch: 1))
        #expect(token != LabContainer.token(key: key, session: session, epoch: 2))
        #expect(token != LabContainer.token(key: key, session: SessionID(rawValue: "other"), epoch: 1))
        #expect(token.utf8.count == 43)
    }
}
