import Broker
import BrokerCore
import Doors
import EventLoop
import Foundation
import HTTPTransport
import LearnerClient
import Programs
import TLS
import Testing

@testable import Configuration
@testable import carrel

/// A state directory with a configuration whose one engine does not answer.
final class House {
    let scratch: Scratch
    let port: Int

    init() throws {
        scratch = try Scratch()
        port = try Self.freePort()
        let authority = try DevelopmentCA(directory: scratch.path + "/tls")
        _ = try authority.issue("edge", for: .server(names: ["portal.localhost", "*.labs.localhost"]))
        try write(configuration)
    }

    var file: String { scratch.path + "/carrel.yaml" }
    var controlSocket: String { scratch.path + "/control.sock" }

    var configuration: String {
        """
        state: .
        listen: ["127.0.0.1:\(port)"]
        portal: {name: school, hostname: portal.localhost}
        labs_domain: labs.localhost
        tls: {certificate: tls/edge.pem, key: tls/edge.key}
        edge: {threads: 1}
        hosts:
          - {name: one, endpoint: unix://none.sock, slots: 4, memory: 4GiB}
        labs:
          - {name: python, image: carrel/jupyterlab}
        """
    }

    func write(_ yaml: String) throws { try Data(yaml.utf8).write(to: URL(fileURLWithPath: file)) }

    /// A link as `carrel link` creates it.
    func link(learner: String = "ada") throws -> String {
        let configuration = try Configuration(contentsOf: file)
        return try LaunchSecrets(directory: configuration.secretsDirectory).links.url(
            for: SignedLink(
                learner: .init(portal: "school", id: learner, name: "Ada"), lab: "python",
                expires: Timestamp.current().milliseconds / 1000 + 60),
            origin: configuration.origin(of: configuration.portals[0]), now: .current())
    }

    /// A learner clicks, and leaves when the page says that they wait: the one engine does not answer.
    @ControlLoop func click() async throws {
        let learner = try LearnerClient(trust: .file(scratch.path + "/tls/ca.pem"), agent: "test")
        let link = try link()
        let opening = Task { @ControlLoop in try await learner.open(link) }
        // However long that takes on a busy machine; a refused click ends the wait, too.
        learner.onProgress = { if $0.state == "queued" { opening.cancel() } }
        let error = await #expect(throws: LearnerError.self) { try await opening.value }
        #expect(learner.session?.state == "queued", "\(String(describing: error))")
    }

    static func freePort() throws -> Int {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(file) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, length) == 0 && getsockname(file, $0, &length) == 0
            }
        }
        guard isBound else { throw CarrelProcessError(description: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

@Suite("carrel serve") struct ServeTests {
    @ControlLoop @Test("keeps a launch over a restart, and ends gracefully")
    func restart() async throws {
        let house = try House()
        var ids: Set<String> = []
        for _ in 0..<2 {
            let serve = try CarrelProcess("serve", "--config", house.file)
            try await serve.expect("ready")
            #expect(try await ControlClient(socket: house.controlSocket).hosts().map(\.state) == [.unreachable])
            try await house.click()
            let sessions = try await ControlClient(socket: house.controlSocket).sessions(limit: 10)
            #expect(sessions.map(\.state) == ["queued"])
            ids.formUnion(sessions.map(\.id.rawValue))
            serve.signal(SIGTERM)
            #expect(try await serve.end() == 0)
            #expect(!FileManager.default.fileExists(atPath: house.controlSocket))
        }
        #expect(ids.count == 1)
    }

    @Test("refuses a state directory on which another one runs")
    func twoBrokers() async throws {
        let house = try House()
        let first = try CarrelProcess("serve", "--config", house.file)
        try await first.expect("ready")
        let second = try CarrelProcess("serve", "--config", house.file)
        #expect(try await second.end() == 1)
        #expect(second.output.contains("another carrel (pid \(first.id)) runs on \(house.scratch.path)"))
        // It has not started anything.
        #expect(!second.output.contains("stopping") && !second.output.contains("stopped"), "\(second.output)")
        first.signal(SIGINT)
        #expect(try await first.end() == 0)
    }

    @Test("takes over a new configuration on SIGHUP, and keeps the old one when the new one has a mistake")
    func reload() async throws {
        let house = try House()
        let serve = try CarrelProcess("serve", "--config", house.file)
        try await serve.expect("ready")
        try house.write(house.configuration.replacing("slots: 4", with: "slots: many"))
        serve.signal(SIGHUP)
        try await serve.expect("the configuration was not reloaded, and the old one stays in force")
        #expect(serve.output.contains("carrel.yaml:8:52: hosts[0].slots is \"many\", but must be a whole number"))
        #expect(try await ControlClient(socket: house.controlSocket).hosts().map(\.slots) == [4])
        try house.write(house.configuration.replacing("slots: 4", with: "slots: 7") + "\nhomes: homes\n")
        serve.signal(SIGHUP)
        try await serve.expect("reloaded")
        try await serve.expect("changes of homes wait for the next start")
        #expect(try await ControlClient(socket: house.controlSocket).hosts().map(\.slots) == [7])
        serve.signal(SIGTERM)
        #expect(try await serve.end() == 0)
    }

    @Test("writes out in its log what would turn a line around, as a mistake in a configuration may have it")
    func visibleLog() async throws {
        let house = try House()
        let serve = try CarrelProcess("serve", "--config", house.file)
        try await serve.expect("ready")
        try house.write(house.configuration.replacing("slots: 4", with: "slots: \"4\u{202E}many\""))
        serve.signal(SIGHUP)
        try await serve.expect("the configuration was not reloaded")
        serve.signal(SIGTERM)
        #expect(try await serve.end() == 0)
        #expect(serve.output.contains("4\\u{202E}many"), "\(serve.output)")
        #expect(!serve.output.unicodeScalars.contains("\u{202E}"))
    }

    @ControlLoop
    @Test("tells in its metrics when the certificates end that the broker and an engine show to each other")
    func engineCertificates() async throws {
        let house = try House()
        let authority = try DevelopmentCA(directory: house.scratch.path + "/tls")
        let brokers = try authority.issue("broker", for: .client(name: "broker"))
        let engines = try authority.issue("engine", for: .server(names: ["127.0.0.1"]))
        // It is not an engine, but it has an engine's certificate.
        let engine = try HTTPServer(
            listen: .ip(address: "127.0.0.1", port: 0), tls: TLSServerContext(store: CertificateStore([engines]))
        ) { _ in .text("no engine", status: 500) }
        defer { engine.close() }
        let identity = "ca: tls/ca.pem, certificate: \(brokers.certificatePath), key: \(brokers.keyPath)"
        let entry = "tcp://\(engine.boundAddress), publish_address: 127.0.0.1, tls: {\(identity)}"
        try house.write(house.configuration.replacing("unix://none.sock", with: entry))
        let serve = try CarrelProcess("serve", "--config", house.file)
        try await serve.expect("ready")
        let lines = try [("broker", brokers), ("engine", engines)].map { owner, files in
            let end = try CertificateDates.earliestEnd(inFile: files.certificatePath)
            return "carrel_host_certificate_expiry_timestamp_seconds{host=\"one\",owner=\"\(owner)\"} \(end)\n"
        }
        let client = ControlClient(socket: house.controlSocket)
        let deadline = ContinuousClock.now + .seconds(30)
        // The engine's certificate is known once the broker has connected to it.
        var text = try await client.metrics()
        while !text.contains(lines[1]), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(10))
            text = try await client.metrics()
        }
        for line in lines { #expect(text.contains(line), "\(text)") }
        serve.signal(SIGTERM)
        #expect(try await serve.end() == 0)
    }

    @Test("talks to a host that takes another's place in the configuration")
    func hostReplaced() async throws {
        let house = try House()
        let serve = try CarrelProcess("serve", "--config", house.file)
        try await serve.expect("ready")
        try house.write(house.configuration.replacing("name: one", with: "name: two"))
        serve.signal(SIGHUP)
        let deadline = ContinuousClock.now + .seconds(30)
        var host: HostView?
        // The broker has to ask the engine before it reports that there is no answer.
        while host?.reason?.contains("none.sock") != true, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(10))
            host = try await ControlClient(socket: house.controlSocket).hosts().first { $0.name == "two" }
        }
        #expect(host?.reason?.contains("none.sock") == true, "\(String(describing: host))")
        serve.signal(SIGTERM)
        #expect(try await serve.end() == 0)
    }

    @Test("names the file's line of what it cannot start with")
    func unusable() async throws {
        let house = try House()
        try house.write(
            house.configuration.replacing("*.labs", with: "x").replacing("labs.localhost", with: "rooms.localhost"))
        let serve = try CarrelProcess("serve", "--config", house.file)
        #expect(try await serve.end() == 1)
        #expect(
            serve.output.contains(
                "carrel.yaml:5: tls: \(house.scratch.path)/tls/edge.pem does not cover *.rooms.localhost"))
    }

    @Test("ends with the address that it cannot listen on")
    func addressInUse() async throws {
        let house = try House()
        let other = try House()
        try other.write(other.configuration.replacing("127.0.0.1:\(other.port)", with: "127.0.0.1:\(house.port)"))
        let first = try CarrelProcess("serve", "--config", house.file)
        try await first.expect("ready")
        let second = try CarrelProcess("serve", "--config", other.file)
        // Only the loops of one process share a port.
        #expect(try await second.end() == 1)
        #expect(second.output.contains("carrel.yaml: cannot listen on 127.0.0.1:\(house.port): "))
        #expect(!FileManager.default.fileExists(atPath: other.controlSocket))
    }
}
