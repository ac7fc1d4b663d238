import Foundation

/// What a test wants of its broker; becomes a `carrel.yaml`.
struct Plan: Sendable {
    struct Host: Sendable {
        var name: String
        var engine: Engine
        /// The engine behind a relay of the test's own.
        var isRelayed = false
        var slots = 10
        var memory = "16GiB"
        var starts = 2
        /// Where labs are published, if not where the engine's host really is.
        var publishAddress: String?
    }

    struct Lab: Sendable {
        var name: String
        var image = Plan.jupyterImage
        var kind = "jupyter"
        var memory = "512MiB"
        var idle = "30m"
        var warning: String?
        /// Parked for so long instead of ended for idleness.
        var parksFor: String?
        var lifetime = "2h"
        var ready = "90s"
        var port: Int?
        /// `none`: the lab keeps none.
        var files: String?
        /// The size of `/dev/shm`; `nil` for the product's default.
        var sharedMemory: String?
        /// `allow`: the lab reaches the outside.
        var egress: String?
    }

    struct Pool: Sendable {
        var lab = "python"
        var minimum = 1
        var maximum = 1
    }

    /// As `Scripts/build-lab-images` names it.
    static let jupyterImage =
        ProcessInfo.processInfo.environment["CARREL_TEST_IMAGE"] ?? "carrel/jupyterlab:dev"

    static let portal = "portal.test"
    static let labsDomain = "labs.test"

    var hosts: [Host]
    var labs: [Lab]
    var pools: [Pool] = []
    /// What instructors can give a run in all; `nil` for the portal's default.
    var instructorExtension: String?
    /// How often labs are measured; `nil` for the broker's default.
    var sampleEvery: String?
    /// What labs with `egress: allow` reach besides the outside.
    var openedRanges: [String] = []
    /// Homes under one shared root, instead of a volume of the host.
    var sharesHomes = false
    /// The state directory is a file system of its own with this many bytes.
    var stateBytes: Int?

    /// The broker runs on a database at whose writes it can be made to die.
    var crashes = false

    /// The broker's wall clock is the test's to set.
    var setsClock = false

    /// One or two hosts, one lab.
    init(hosts count: Int = 1, relayed: Bool = false, labs: [Lab] = [Lab(name: "python")]) {
        hosts = Engine.all.prefix(count).map { Host(name: $0.name, engine: $0) }
        if relayed { hosts[0].isRelayed = true }
        self.labs = labs
    }

    /// - Parameters:
    ///   - root: the test's own directory; the configuration and the state lie in it.
    ///   - certificate: without its suffix.
    func yaml(root: String, port: Int, certificate: String) -> String {
        let more = instructorExtension.map { ", instructor_extension: \($0)" } ?? ""
        var yaml = """
            state: \(root)/state
            listen: ["127.0.0.1:\(port)"]
            portal: {name: school, hostname: \(Self.portal), title: The School\(more)}
            labs_domain: \(Self.labsDomain)
            tls: {certificate: \(certificate).pem, key: \(certificate).key}
            edge: {threads: 2}

            """
        if let sampleEvery { yaml += "density: {sample_every: \(sampleEvery)}\n" }
        if sharesHomes { yaml += "homes: \(root)/homes\n" }
        if !openedRanges.isEmpty {
            yaml += "egress: {open: [\(openedRanges.map { "\"\($0)\"" }.joined(separator: ", "))]}\n"
        }
        yaml += "hosts:\n"
        for host in hosts {
            let endpoint = host.isRelayed ? "unix://\(Self.relayPath(root, host.name))" : host.engine.endpoint
            yaml += """
                  - name: \(host.name)
                    endpoint: \(endpoint)
                    publish_address: \(host.publishAddress ?? host.engine.publishAddress)
                    slots: \(host.slots)
                    memory: \(host.memory)
                    maximum_starts: \(host.starts)

                """
            if let ca = host.engine.ca, let certificate = host.engine.certificate, let key = host.engine.key,
                !host.engine.isUnix
            {
                yaml += "    tls: {ca: \(ca), certificate: \(certificate), key: \(key)}\n"
            }
        }
        yaml += "labs:\n"
        for lab in labs {
            yaml += """
                  - name: \(lab.name)
                    kind: \(lab.kind)
                    image: \(lab.image)
                    memory: \(lab.memory)
                    idle_timeout: \(lab.idle)
                    maximum_lifetime: \(lab.lifetime)
                    ready_timeout: \(lab.ready)

                """
            if let warning = lab.warning { yaml += "    idle_warning: \(warning)\n" }
            if let parksFor = lab.parksFor { yaml += "    parks_for: \(parksFor)\n" }
            if let port = lab.port { yaml += "    port: \(port)\n" }
            if let size = lab.sharedMemory { yaml += "    shm_size: \(size)\n" }
            if let files = lab.files { yaml += "    files: \(files)\n" }
            if let egress = lab.egress { yaml += "    egress: \(egress)\n" }
        }
        if !pools.isEmpty { yaml += "pools:\n" }
        for pool in pools {
            yaml += "  - {lab: \(pool.lab), minimum: \(pool.minimum), maximum: \(pool.maximum)}\n"
        }
        return yaml
    }

    static func relayPath(_ root: String, _ host: String) -> String { "\(root)/\(host).sock" }
}
