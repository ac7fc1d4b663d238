import Broker
import BrokerCore
import Text

/// The table of hosts, for operators.
enum HostTable {
    static func text(_ hosts: [HostView], now: Timestamp) -> String {
        var table = Table([
            ("NAME", .left), ("STATE", .left), ("SESSIONS", .right), ("STARTING", .right), ("SEATS", .right),
            ("MEMORY", .right), ("ASKED", .right), ("USED", .right), ("SAFE", .right),
            ("DENSITY", .right), ("ENDPOINT", .left), ("NOTE", .left),
        ])
        for host in hosts {
            table.add([
                host.name, host.state.rawValue, "\(host.sessions)", "\(host.starting)/\(host.startsAllowed)",
                "\(host.seats)/\(host.slots)",
                "\(SizeText.format(host.memoryUsedBytes))/\(SizeText.format(host.memoryLimitBytes))",
                UseText.size(host.use.askedBytes), UseText.size(host.use.usedBytes), UseText.size(host.use.safeBytes),
                "\(Int((host.density * 100).rounded()))%", host.endpoint, note(host, now: now),
            ])
        }
        return table.text()
    }

    private static func note(_ host: HostView, now: Timestamp) -> String {
        var parts = host.reason.map { [$0] } ?? []
        if let warm = host.warm { parts.append("\(warm) warm") }
        if let homes = host.homes, homes != HostView.homesAttached {
            parts.append("homes cannot be attached to warm seats: \(homes)")
        }
        if host.state == .draining, let deadline = host.drainDeadline {
            let left = deadline - now
            parts.append(left > .zero ? "until the deadline in \(DurationText.brief(left))" : "the deadline has passed")
        }
        if let clock = HostText.clock(host) { parts.append("its clock is \(clock)") }
        if host.otherContainers > 0 { parts.append(HostText.others(host)) }
        return parts.joined(separator: "; ")
    }
}
