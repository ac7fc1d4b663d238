import Broker
import BrokerCore
import EventLoop
import Text

/// The rules that span several keys of a file.
struct ConfigurationChecks {
    let root: MappingReader

    /// Checks the length, because the path of a Unix socket in the state directory is limited.
    func state(_ directory: String?) {
        let limit = EventLoopLimits.unixPathBytes - "/takeover.sock".utf8.count
        guard let directory, directory.utf8.count > limit else { return }
        root.problems.add(
            root.place(of: "state"),
            "state is \(directory), which has \(directory.utf8.count) bytes, but must have at most \(limit), because sockets "
                + "lie in it")
    }

    /// Names, hostnames and directories are of one portal only, and no labs domain contains a portal's hostname or is
    /// contained in one, so that no lab can ever reach a portal's cookies.
    func portals(_ portals: [DecodedPortal], labsDomain: String?, homes: String?) {
        unique(portals, what: "portal") { ($0.entry.id.rawValue, $0.reader) }
        unique(portals, what: "portal", key: "hostname") { ($0.entry.hostname, $0.reader) }
        unique(portals, what: "portal", key: "homes") {
            ($0.entry.homesDirectory ?? HomeName.encode($0.entry.id.rawValue), $0.reader)
        }
        if let labsDomain { domain(labsDomain, at: root.place(of: "labs_domain"), name: "labs_domain", portals) }
        for portal in portals {
            let reader = portal.reader
            if let quota = portal.entry.quota.memoryBytes,
                let lab = portal.entry.labs.map(\.lab).first(where: { $0.memoryBytes > quota })
            {
                reader.problems.add(
                    reader.place(of: "quota"),
                    "\(reader.name(of: "quota")).memory is \(SizeText.format(quota)), but must be enough for each of its labs, and "
                        + "\(lab.name) needs \(SizeText.format(lab.memoryBytes))")
            }
            if reader.node("labs_domain") != nil {
                let place = reader.place(of: "labs_domain")
                domain(portal.entry.labsDomain, at: place, name: reader.name(of: "labs_domain"), portals)
            }
            if reader.node("homes") != nil, homes == nil {
                reader.problems.add(
                    reader.place(of: "homes"),
                    "\(reader.name(of: "homes")) names a directory in the homes root, but the file has no homes; add it: a path"
                )
            }
        }
    }

    private func domain(_ labs: String, at place: Place, name: String, _ portals: [DecodedPortal]) {
        let rule =
            "must be a domain of its own, so that no lab can reach the portal's cookies, such as labs.example.net"
        for portal in portals.map(\.entry.hostname) {
            let relation =
                portal == labs
                ? "the portal's hostname"
                : labs.hasSuffix("." + portal)
                    ? "below the portal's hostname \(portal)"
                    : portal.hasSuffix("." + labs) ? "above the portal's hostname \(portal)" : nil
            guard let relation else { continue }
            root.problems.add(place, "\(name) is \"\(labs)\", which is \(relation), but \(rule)")
        }
        if labs.utf8.count > Self.labsDomainLength {
            root.problems.add(
                place, "\(name) has \(labs.utf8.count) characters, but must have at most \(Self.labsDomainLength)")
        }
    }

    /// Leaves room in 253 characters for `PORT--SLUG.`.
    static let labsDomainLength = 189

    func hosts(_ hosts: [DecodedHost]?) {
        unique(hosts ?? [], what: "host") { ($0.entry.spec.name, $0.reader) }
        var endpoints: [String: Place] = [:]
        for host in hosts ?? [] {
            let text = host.entry.endpoint.description
            let place = host.reader.place(of: "endpoint")
            if let first = endpoints[text] {
                host.reader.problems.add(
                    place,
                    "\(host.reader.path).endpoint is \(text), which is the engine of the host in line \(first.line) already; "
                        + "a host must have an engine of its own")
            }
            endpoints[text] = endpoints[text] ?? place
        }
    }

    func labs(_ labs: [DecodedLab]?, on hosts: [DecodedHost]?) {
        unique(labs ?? [], what: "lab") { ($0.entry.lab.name, $0.reader) }
        guard let hosts, !hosts.isEmpty else { return }
        let greatest = hosts.map { Double($0.entry.spec.memoryBytes) * $0.entry.spec.overcommit }.max() ?? 0
        for lab in labs ?? [] where Double(lab.entry.lab.memoryBytes) > greatest {
            lab.reader.problems.add(
                lab.reader.place(of: "memory"),
                "\(lab.reader.path) (\(lab.entry.lab.name)) needs \(SizeText.format(lab.entry.lab.memoryBytes)) of memory, but the "
                    + "largest host has \(SizeText.format(Int64(greatest))) (memory × overcommit); lower the lab's memory or add a host"
            )
        }
    }

    func pools(_ pools: [DecodedPool], of portals: [DecodedPortal]?) {
        unique(pools, what: "pool", key: "lab") {
            (portals?.count == 1 ? $0.spec.key.name : $0.spec.key.description, $0.reader)
        }
        guard let portals else { return }
        for pool in pools {
            let key = pool.spec.key
            guard let portal = portals.first(where: { $0.entry.id == key.portal }) else {
                pool.reader.problems.add(
                    pool.reader.place(of: "portal"),
                    "\(pool.reader.path).portal is \"\(key.portal)\", but must be the name of one of the portals")
                continue
            }
            guard !portal.entry.labs.contains(where: { $0.lab.key == key }) else { continue }
            let whose = portals.count == 1 ? "" : " of the portal \(key.portal)"
            pool.reader.problems.add(
                pool.reader.place(of: "lab"),
                "\(pool.reader.path).lab is \"\(key.name)\", but must be the name of one of the labs\(whose)")
        }
    }

    private func unique<Entry>(
        _ entries: [Entry], what: String, key: String = "name", _ name: (Entry) -> (String, MappingReader)
    ) {
        var seen: [String: Place] = [:]
        for entry in entries {
            let (name, reader) = name(entry)
            if let first = seen[name] {
                reader.problems.add(
                    reader.place(of: key),
                    "\(reader.name(of: key)) is \"\(name)\", the name of the \(what) in line \(first.line) already; each \(what) "
                        + "must have a name of its own")
            }
            seen[name] = seen[name] ?? reader.place(of: key)
        }
    }
}
