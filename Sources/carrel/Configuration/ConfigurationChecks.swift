import BrokerCore
import EventLoop

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

    /// Neither domain may contain the other, so that a lab can never reach the portal's cookies.
    func domains(portal: String?, labs: String?) {
        guard let portal, let labs else { return }
        let rule =
            "must be a domain of its own, so that no lab can reach the portal's cookies, such as labs.example.net"
        let place = root.place(of: "labs_domain")
        if portal == labs {
            root.problems.add(place, "labs_domain is \"\(labs)\", which is the portal's hostname, but \(rule)")
        } else if labs.hasSuffix("." + portal) {
            root.problems.add(
                place, "labs_domain is \"\(labs)\", which is below the portal's hostname \(portal), but \(rule)")
        } else if portal.hasSuffix("." + labs) {
            root.problems.add(
                place, "labs_domain is \"\(labs)\", which is above the portal's hostname \(portal), but \(rule)")
        }
        if labs.utf8.count > Self.labsDomainLength {
            root.problems.add(
                place, "labs_domain has \(labs.utf8.count) characters, but must have at most \(Self.labsDomainLength)")
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

    func pools(_ pools: [DecodedPool], of labs: [DecodedLab]?) {
        unique(pools, what: "pool", key: "lab") { ($0.spec.key.lab, $0.reader) }
        guard let labs else { return }
        for pool in pools where !labs.contains(where: { $0.entry.lab.name == pool.spec.key.lab }) {
            pool.reader.problems.add(
                pool.reader.place(of: "lab"),
                "\(pool.reader.path).lab is \"\(pool.spec.key.lab)\", but must be the name of one of the labs")
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
                    "\(reader.path).\(key) is \"\(name)\", the name of the \(what) in line \(first.line) already; each \(what) "
                        + "must have a name of its own")
            }
            seen[name] = seen[name] ?? reader.place(of: key)
        }
    }
}
