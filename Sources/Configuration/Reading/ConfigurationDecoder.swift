import BrokerCore
import Edge
import Foundation
import Identity
import Portal

/// Decodes the file's nodes into a `Configuration`: the keys, their rules, their defaults.
struct ConfigurationDecoder {
    let root: MappingReader
    let folder: String
    let file: String
    /// The portals that commands have added, each in a file of its own.
    var added: [MappingReader] = []

    /// `nil` only if a problem was added.
    func decode() -> Configuration? {
        root.allow(
            "state", "listen", "portal", "portals", "labs_domain", "public_port", "tls", "homes", "edge", "redirect",
            "free_floor", "density", "hosts", "labs", "pools", "egress")
        let state = root.required("state", .path(from: folder))
        let listen =
            root.node("listen") == nil
            ? [Configuration.ListenAddress(address: "0.0.0.0", port: 8443)] : listenAddresses(of: root)
        let labsDomain = root.required("labs_domain", .hostname(example: "labs.example.net"))
        let labs = labEntries()
        let portals = DecodedPortal.all(
            root, added: added, folder: folder, labsDomain: labsDomain, sharing: labs)
        let publicPort = root.optional("public_port", .integer(1...65_535))
        let certificate = certificatePaths()
        let homes = root.optional("homes", .path(from: folder))
        let edge = DecodedEdge(root.mapping("edge"), folder: folder)
        let redirect = redirectEntry(besides: listen)
        let freeFloor = root.optional("free_floor", .integer(0...100))
        let density = DecodedDensity(root.mapping("density"))
        let egress = egressRanges()
        let hosts = hostEntries()
        let pools = poolEntries(only: portals?.count == 1 ? portals?[0].entry.id : nil)

        let checks = ConfigurationChecks(root: root)
        checks.state(state)
        checks.portals(portals ?? [], labsDomain: labsDomain, homes: homes)
        checks.hosts(hosts)
        checks.labs(labs, on: hosts)
        for portal in portals ?? [] { checks.labs(portal.labs, on: hosts) }
        checks.pools(pools, of: portals)

        guard let state, let listen, let portals, let labsDomain, let certificate, let hosts, labs != nil else {
            return nil
        }
        return Configuration(
            file: file, stateDirectory: state, listen: listen, portals: portals.map(\.entry), labsDomain: labsDomain,
            publicPort: publicPort ?? listen[0].port, certificate: certificate, homes: homes, edgeThreads: edge.threads,
            edgeHTTP2: edge.http2, edgeLimits: edge.limits, accessLog: edge.accessLog,
            takeoverGrace: edge.takeoverGrace, hsts: hsts() ?? .seconds(EdgeLimits.hstsSeconds), redirect: redirect,
            freeFloorPercent: freeFloor ?? 10, density: density.density, sampleInterval: density.sampleInterval,
            hosts: hosts.map(\.entry), pools: pools.map(\.spec), egress: egress)
    }

    func listenAddresses(of reader: MappingReader) -> [Configuration.ListenAddress]? {
        guard
            let list = reader.list(
                "listen", of: "addresses such as \"0.0.0.0:8443\"", maximum: Configuration.FileLimits.listenAddresses)
        else { return nil }
        var addresses: [Configuration.ListenAddress] = []
        for element in list {
            guard let address = reader.read(element.node, at: element.place, name: element.path, .listenAddress) else {
                continue
            }
            if addresses.contains(address) {
                reader.problems.add(element.place, "\(element.path) is \(address) once more; keep one of them")
            }
            addresses.append(address)
        }
        return addresses.isEmpty ? nil : addresses
    }

    func certificatePaths() -> Configuration.CertificatePaths? {
        guard let reader = root.mapping("tls") else {
            root.missing("tls", "a mapping with certificate and key, the paths of two PEM files")
            return nil
        }
        reader.allow("certificate", "key", "hsts")
        return Configuration.CertificatePaths(reader, folder: folder)
    }

    func hsts() -> Duration? {
        root.mapping("tls")?.optional("hsts", .duration(.zero ... .seconds(730 * 86_400)))
    }

    func redirectEntry(besides listen: [Configuration.ListenAddress]?) -> Configuration.RedirectEntry? {
        guard let reader = root.mapping("redirect") else { return nil }
        reader.allow("listen", "acme_webroot")
        if reader.node("listen") == nil { reader.missing("listen", "a list of addresses such as \"0.0.0.0:80\"") }
        let addresses = listenAddresses(of: reader)
        for address in addresses ?? [] where listen?.contains(address) == true {
            reader.problems.add(
                reader.place(of: "listen"),
                "redirect.listen has \(address), where the edge listens for TLS already; take another port, such as 80")
        }
        let webroot = reader.optional("acme_webroot", .path(from: folder))
        guard let addresses else { return nil }
        return Configuration.RedirectEntry(
            listen: addresses, acmeWebroot: webroot, line: reader.place(of: "acme_webroot").line)
    }

    private func poolEntries(only: PortalID?) -> [DecodedPool] {
        let readers = root.mappings("pools", of: "pools", maximum: Configuration.FileLimits.labs)
        return (readers ?? []).compactMap { DecodedPool($0, only: only) }
    }

    private func hostEntries() -> [DecodedHost]? {
        guard root.node("hosts") != nil else {
            root.missing("hosts", "a list with at least one host that has name, endpoint, slots and memory")
            return nil
        }
        let readers = root.mappings("hosts", of: "hosts", maximum: Configuration.FileLimits.hosts)
        return readers?.compactMap { DecodedHost($0, folder: folder) }
    }

    /// The shared labs. Portals that all have labs of their own need none.
    private func labEntries() -> [DecodedLab]? {
        guard root.node("labs") != nil else {
            if root.node("portals") != nil { return [] }
            root.missing("labs", "a list with at least one lab that has name and image")
            return nil
        }
        return root.mappings("labs", of: "labs", maximum: Configuration.FileLimits.labs)?.compactMap { DecodedLab($0) }
    }
}

extension Configuration.CertificatePaths {
    /// - Parameter reader: a mapping `tls`, whose keys have been checked.
    init?(_ reader: MappingReader, folder: String) {
        let certificate = reader.required("certificate", .path(from: folder))
        let key = reader.required("key", .path(from: folder))
        guard let certificate, let key else { return nil }
        self.init(certificate: certificate, key: key, line: reader.place.line)
    }
}

/// A host of the file, with its reader for messages about it.
struct DecodedHost {
    let entry: Configuration.HostEntry
    let reader: MappingReader

    init?(_ reader: MappingReader, folder: String) {
        self.reader = reader
        reader.allow(
            "name", "endpoint", "tls", "publish_address", "slots", "memory", "overcommit", "maximum_starts", "labels",
            "broker_addresses")
        let name = reader.required("name", .name)
        let url = reader.required("endpoint", .engine(from: folder))
        let certificates = reader.mapping("tls").flatMap { Self.certificates($0, folder: folder) }
        let slots = reader.required("slots", .integer(1...1_000))
        let memory = reader.required("memory", .size((64 << 20)...(64 << 40)))
        let overcommit = reader.optional("overcommit", .number(0.1...10))
        let starts = reader.optional("maximum_starts", .integer(1...100))
        let published = reader.optional("publish_address", .ipAddress)
        let labels = reader.labels("labels")
        let brokers = reader.ranges("broker_addresses")

        var endpoint: Configuration.EngineAddress?
        switch url {
        case .unix(let path):
            endpoint = .unix(path: path)
            if reader.node("tls") != nil {
                reader.problems.add(
                    reader.place(of: "tls"),
                    "\(reader.path).tls stands beside a unix:// endpoint, which has no TLS; remove it")
            }
        case .tcp(let host, let port):
            if reader.node("tls") == nil {
                reader.missing(
                    "tls",
                    "a mapping with ca, certificate and key, for whoever reaches a bare tcp:// engine owns its host")
            }
            if reader.node("publish_address") == nil {
                reader.missing("publish_address", "the host's private IP address, where labs' ports are published")
            }
            if let certificates { endpoint = .tcp(host: host, port: port, tls: certificates) }
        case nil: break
        }
        guard let name, let endpoint, let slots, let memory else { return nil }
        entry = Configuration.HostEntry(
            spec: HostSpec(
                name: name, slots: slots, memoryBytes: memory, overcommit: overcommit ?? 1, maximumStarts: starts ?? 8,
                labels: labels),
            endpoint: endpoint, publishAddress: published ?? "127.0.0.1", brokerAddresses: brokers,
            line: reader.place.line)
    }

    private static func certificates(_ reader: MappingReader, folder: String) -> Configuration.EngineCertificates? {
        reader.allow("ca", "certificate", "key")
        let authority = reader.required("ca", .path(from: folder))
        let certificate = reader.required("certificate", .path(from: folder))
        let key = reader.required("key", .path(from: folder))
        guard let authority, let certificate, let key else { return nil }
        return Configuration.EngineCertificates(
            authority: authority,
            client: Configuration.CertificatePaths(certificate: certificate, key: key, line: reader.place.line))
    }
}
