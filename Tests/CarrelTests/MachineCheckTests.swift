import EventLoop
import Foundation
import TLS
import Testing

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

    @Test("warns 14 days before a certificate between the broker and a host ends, and complains three days before")
    func certificates() throws {
        let scratch = try Scratch()
        var configuration = try scratch.configuration(certificateFor: ["portal.test", "*.labs.test"])
        let client = try DevelopmentCA(directory: scratch.path + "/tls").issue("broker", for: .client(name: "broker"))
        let files = Configuration.EngineCertificates(
            authority: scratch.path + "/tls/ca.pem",
            client: .init(certificate: client.certificatePath, key: client.keyPath))
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

/// Programs that may not listen on low ports, as those of any user but root.
private enum LowPorts {
    /// Of util-linux.
    private static let setpriv = "/usr/bin/setpriv"

    /// Starts a program without the right to them.
    static let refused = [setpriv, "--bounding-set", "-net_bind_service", "--inh-caps", "-net_bind_service"]

    static var canBeRefused: Bool {
        let file = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        let firstFree = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
        return geteuid() == 0 && firstFree > 443 && access(setpriv, X_OK) == 0
    }
}
