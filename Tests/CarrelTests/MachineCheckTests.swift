import EventLoop
import Foundation
import Programs
import TLS
import Testing

@testable import Configuration
@testable import carrel

@Suite("The check of this machine") struct MachineCheckTests {
    @Test("finds a directory that is a file, that is not there, or whose parent is a file")
    func directories() throws {
        let scratch = try Scratch()
        let file = scratch.path + "/file"
        try Data().write(to: URL(fileURLWithPath: file))
        #expect(Preflight.directory(scratch.path, key: "state", mayBeMade: true) == nil)
        #expect(Preflight.directory(scratch.path + "/a/b", key: "state", mayBeMade: true) == nil)
        #expect(Preflight.directory(file, key: "state", mayBeMade: true)?.contains("is no directory") == true)
        #expect(Preflight.directory(file + "/state", key: "state", mayBeMade: true)?.contains("cannot be used") == true)
        let homes = Preflight.directory(scratch.path + "/homes", key: "homes", mayBeMade: false)
        #expect(homes?.hasPrefix("homes is \(scratch.path)/homes, which cannot be used: no such file") == true)
        // The checks left nothing behind.
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["file"])
    }

    @Test("finds a state directory that would be on a file system which takes no files, even from root")
    func fileSystem() {
        let found = Preflight.directory("/proc/x", key: "state", mayBeMade: true)
        #expect(found?.hasPrefix("state is /proc/x, and above it is /proc, ") == true, "\(found ?? "")")
        if geteuid() == 0 { #expect(found?.contains("in which no file can be made: ") == true, "\(found ?? "")") }
    }

    @Test("says who may open an engine's socket, and which of its TLS files this user may not read")
    func engineFiles() {
        let socket = Configuration.EngineAddress.unix(path: "/run/docker.sock")
        #expect(Preflight.remedy(for: socket) { _, _ in false }.hasPrefix("start its Docker Engine"))
        let shut = Preflight.remedy(for: socket) { path, mode in path == "/run/docker.sock" && mode == R_OK | W_OK }
        #expect(shut == "this user may not open the socket; run carrel as a member of its group (docker)")
        let files = Configuration.EngineCertificates(
            authority: "/ca.pem", client: .init(certificate: "/broker.pem", key: "/broker.key", line: 1))
        let engine = Configuration.EngineAddress.tcp(host: "10.0.0.5", port: 2376, tls: files)
        #expect(Preflight.remedy(for: engine) { _, _ in false }.hasPrefix("start its Docker Engine"))
        #expect(
            Preflight.remedy(for: engine) { path, _ in path == "/broker.key" }
                == "this user may not read /broker.key; give it to the user who runs carrel")
    }

    @ControlLoop
    @Test("finds an address where somebody else listens, but not where this broker does")
    func addresses() throws {
        let port = try House.freePort()
        let address = SocketAddress.ip(address: "127.0.0.1", port: port)
        #expect(Preflight.listening(on: address, isRunning: false) == nil)
        let listener = try Listener(on: ControlLoop.loop, address: address) { $0.close() }
        defer { listener.close() }
        let taken = Preflight.listening(on: address, isRunning: false)
        #expect(taken?.contains("another program listens there") == true)
        #expect(Preflight.listening(on: address, isRunning: true) == nil)
        let nowhere = SocketAddress.ip(address: "203.0.113.7", port: port)
        #expect(Preflight.listening(on: nowhere, isRunning: false)?.hasSuffix("; correct listen") == true)
    }

    @ControlLoop
    @Test("finds homes in which none can be made, an access log without its folder, and names that lead nowhere")
    func machine() async throws {
        let scratch = try Scratch()
        var configuration = try scratch.configuration(certificateFor: ["portal.test", "*.labs.test"])
        configuration.listen = [.init(address: "127.0.0.1", port: try House.freePort())]
        // Even root cannot create a directory in /proc; other users can create a home, but not change its owner.
        let isRoot = geteuid() == 0
        configuration.homes = isRoot ? "/proc" : scratch.path
        configuration.portals[0].labs[0].lab.userID = Int(geteuid()) + 1
        configuration.accessLog = scratch.path + "/none/access.log"
        // RFC 6761, section 6.4: this name never resolves.
        configuration.portals[0].hostname = "portal.invalid"
        configuration.portals[0].labsDomain = "labs.invalid"
        let found = await Preflight.machine(configuration)
        let (problems, advice) = (found.problems.map(\.message), found.advice.map(\.message))
        let homes = isRoot ? "homes is /proc, in which no home can be made: " : "in which no home can be given to user "
        #expect(problems.contains { $0.contains(homes) }, "\(problems)")
        let folder = "the folder of edge.access_log is \(scratch.path)/none, which cannot be used: "
        #expect(problems.contains { $0.hasPrefix(folder) }, "\(problems)")
        #expect(advice.contains { $0.hasPrefix("the portal's hostname, portal.invalid, leads nowhere") }, "\(advice)")
        #expect(advice.contains { $0.hasSuffix("as a wildcard *.labs.invalid") }, "\(advice)")
    }

    @Test("warns 14 days before a certificate between the broker and a host ends, and complains three days before")
    func certificates() throws {
        let scratch = try Scratch()
        var configuration = try scratch.configuration(certificateFor: ["portal.test", "*.labs.test"])
        let client = try DevelopmentCA(directory: scratch.path + "/tls").issue("broker", for: .client(name: "broker"))
        let files = Configuration.EngineCertificates(
            authority: scratch.path + "/tls/ca.pem",
            client: .init(certificate: client.certificatePath, key: client.keyPath, line: 1))
        configuration.hosts[0].endpoint = .tcp(host: "10.0.0.5", port: 2376, tls: files)
        let end = try CertificateDates.earliestEnd(inFile: client.certificatePath)
        func found(daysBefore days: Int64) -> [(line: Int, message: String, isUrgent: Bool)] {
            Preflight.engineCertificates(configuration, now: end - days * 86_400).filter {
                $0.message.contains("broker")
            }
        }
        #expect(found(daysBefore: 15).isEmpty)
        #expect(found(daysBefore: 13).map(\.isUrgent) == [false])
        #expect(found(daysBefore: 2).map(\.isUrgent) == [true])
        #expect(found(daysBefore: 13).first?.message.contains("host one: \(client.certificatePath) expires in") == true)
        let host = configuration.hosts[0]
        let shown = { (days: Int64) in
            Preflight.engineCertificate(endingAt: end, of: host, in: configuration, now: end - days * 86_400)
        }
        #expect(shown(15) == PreflightFindings())
        #expect(shown(13).advice.count == 1 && shown(13).problems.isEmpty && shown(-1).problems.count == 1)
    }

    @Test(
        "carrel check names the low port that it may not listen on, and how it may",
        .enabled(if: LowPorts.canBeRefused, "needs root, setpriv, and a kernel that guards port 443"))
    func lowPort() async throws {
        let house = try House()
        try house.write(house.configuration.replacing("127.0.0.1:\(house.port)", with: "127.0.0.1:443"))
        let check = try CarrelProcess(["check", "--config", house.file], by: LowPorts.refused)
        #expect(try await check.end() == 1)
        let refused = "cannot listen on 127.0.0.1:443: permission denied (EACCES): ports below 1024 take a right."
        #expect(check.output.contains(refused), "\(check.output)")
        #expect(check.output.contains("AmbientCapabilities=CAP_NET_BIND_SERVICE"))
        #expect(check.output.contains("choose another port"))
    }

    @Test("carrel check --json names problems and advice apart, and the release of the time zones")
    func json() async throws {
        let house = try House()
        try house.write(house.configuration + "\nhomes: missing\nlisten: [\"127.0.0.1:\(house.port)\"]\n")
        let broken = try CarrelProcess("check", "--json", "--config", house.file)
        #expect(try await broken.end() == 1)
        #expect(broken.output.contains("\"is_in_order\" : false"))
        try house.write(house.configuration + "\nhomes: missing\n")
        let check = try CarrelProcess("check", "--json", "--config", house.file)
        #expect(try await check.end() == 1)
        #expect(check.output.contains("homes is \(house.scratch.path)/missing, which cannot be used"))
        #expect(check.output.contains("host one cannot be used") && check.output.contains("\"zones\" : \""))
    }
}

/// Programs that may not listen on low ports, like those of any user but root.
private enum LowPorts {
    /// From util-linux.
    private static let setpriv = "/usr/bin/setpriv"

    /// Starts a program without the capability for them.
    static let refused = [setpriv, "--bounding-set", "-net_bind_service", "--inh-caps", "-net_bind_service"]

    static var canBeRefused: Bool {
        let file = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        let firstFree = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
        return geteuid() == 0 && firstFree > 443 && access(setpriv, X_OK) == 0
    }
}
