import Foundation

/// What a test requires of its broker; it is rendered as a `carrel.yaml`.
struct Plan: Sendable {
    struct Host: Sendable {
        var name: String
        var engine: Engine
        /// Whether the engine is behind a relay of the test's own.
        var isRelayed = false
        var slots = 10
        var memory = "16GiB"
        var starts = 2
        /// Where labs are published, if not at the actual address of the engine's host.
        var publishAddress: String?
    }

    struct Lab: Sendable {
        var name: String
        var image = Plan.jupyterImage
        var kind = "jupyter"
        var memory = "512MiB"
        var idle = "30m"
        var warning: String?
        /// How long it is parked instead of ended for idleness.
        var parksFor: String?
        var lifetime = "2h"
        var ready = "90s"
        var port: Int?
        /// `none`: the lab keeps no files.
        var files: String?
        /// The size of `/dev/shm`; `nil` for the product's default.
        var sharedMemory: String?
        /// `allow`: the lab has access to the outside.
        var egress: String?
    }

    struct Pool: Sendable {
        var lab = "python"
        var minimum = 1
        var maximum = 1
    }

    /// The image that `Scripts/build-lab-images` builds.
    static let jupyterImage =
        ProcessInfo.processInfo.environment["CARREL_TEST_IMAGE"] ?? "carrel/jupyterlab:dev"

    static let portal = "portal.test"
    static let labsDomain = "labs.test"

    var hosts: [Host]
    var labs: [Lab]
    var pools: [Pool] = []
    /// The total extension that instructors can give a run; `nil` for the portal's default.
    var instructorExtension: String?
    /// How often labs are sampled; `nil` for the broker's default.
    var sampleEvery: String?
    /// Additional ranges that labs with `egress: allow` can reach besides the outside.
    var openedRanges: [String] = []
    /// Whether homes are under one shared root, instead of a volume of the host.
    var sharesHomes = false
    /// If set, the state directory is a file system of its own with this many bytes.
    var stateBytes: Int?

    /// Whether the broker can be made to die at a write of its database.
    var crashes = false

    /// Whether the test can set the broker's wall clock.
    var setsClock = false

    /// One or two hosts, one lab.
    init(hosts count: Int = 1, relayed: Bool = false, labs: [Lab] = [Lab(name: "python")]) {
        hosts = Engine.all.prefix(count).map { Host(name: $0.name, engine: $0) }
        if relayed { hosts[0].isRelayed = true }
        self.labs = labs
    }

    /// - Parameters:
    ///   - root: the test's own directory, which holds the configuration and the state.
    ///   - certificate: its path without the suffix.
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
