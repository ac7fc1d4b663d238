import BrokerCore
import DockerEngine
import Literals
import TLS
import Testing

@testable import Broker

@Suite("What a lab's container is made of")
struct LabContainerTests {
    static let lab = Lab(
        key: "p/python", title: "Python", kind: .jupyter, image: "carrel/jupyterlab:dev", memoryBytes: 1 << 30,
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

    @Test(
        "Its labels hold instance, session and run, and no learner; its name, which neighbours can ask for, no session")
    func names() {
        let container = Self.container()
        #expect(container.name.hasPrefix("carrel-i1-") && !container.name.contains("slug"))
        func name(_ session: String, _ epoch: Int) -> String {
            LabContainer.name(instance: "i1", session: SessionID(rawValue: session), epoch: epoch)
        }
        #expect(container.name == name("slug", 3))
        #expect(Set([name("slug", 3), name("slug", 4), name("slug1", 3), name("slu", 3)]).count == 4)
        #expect(
            container.specification.labels == [
                "carrel.instance": "i1", "carrel.session": "slug", "carrel.epoch": "3", "carrel.portal": "p",
                "carrel.lab": "python", "carrel.memory": "1073741824", "carrel.slot": "", "carrel.engine-life": "",
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

    @Test("What its image declares as volumes is its own, but for the home; one inside the home is refused")
    func declaredVolumes() throws {
        let declared = try Self.container().declaring(volumes: ["/data", "/home/learner"]).specification
        #expect(declared.mounts.map(\.destination) == ["/home/learner", "/data"])
        #expect(declared.mounts.last == .scratch(destination: "/data"))
        let refused = #expect(throws: StartProblem.self) {
            try Self.container().declaring(volumes: ["/home/learner/work"])
        }
        if case .engine(let words)? = refused?.failure { #expect(words.contains("/home/learner/work")) }
        var without = Self.container()
        without = LabContainer(
            instance: without.instance, session: without.session, lab: Self.labWithoutFiles,
            publishAddress: without.publishAddress, token: without.token)
        let all = try without.declaring(volumes: ["/home/learner", "/home/learner/work"]).specification.mounts
        #expect(all == [.scratch(destination: "/home/learner"), .scratch(destination: "/home/learner/work")])
    }

    static var labWithoutFiles: Lab {
        var lab = lab
        lab.files = .none
        return lab
    }

    @Test("Its /dev/shm is half of its memory, unless the lab says otherwise")
    func sharedMemory() {
        #expect(Self.container().specification.sharedMemoryBytes == 1 << 29)
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
        #expect(
            Self.container().specification.environment == ["A": "b", "JUPYTER_TOKEN": "secret", "PIP_RETRIES": "0"])
        #expect(Self.container(kind: .rstudio).specification.environment == ["A": "b", "PIP_RETRIES": "0"])
    }

    @Test("Without egress no resolver is asked, nothing is tried again, and the lab's own word counts")
    func withoutEgress() {
        #expect(
            Self.container().specification.resolver
                == ContainerSpec.Resolver(servers: ["127.0.0.1"], search: ["."], options: ["timeout:1", "attempts:1"]))
        var open = Self.container()
        var lab = Self.lab
        lab.egress = .allow
        open = LabContainer(
            instance: "i1", session: open.session, lab: lab, publishAddress: "10.0.0.2", homeDirectory: nil,
            token: "secret")
        #expect(open.specification.resolver == nil)
        #expect(open.specification.environment["PIP_RETRIES"] == nil)
        #expect(open.specification.network == "carrel-i1-allow")
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
