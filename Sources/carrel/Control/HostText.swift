import Broker
import BrokerCore
import Text

/// The details of one host, for operators.
enum HostText {
    static func details(_ details: HostDetailsView, now: Timestamp, time: TimeText) -> String {
        let host = details.host
        var entries = [
            ("name", host.name), ("state", host.state.rawValue), ("endpoint", host.endpoint),
            ("seats", "\(host.seats) of \(host.slots)"),
            ("memory", "\(SizeText.format(host.memoryUsedBytes)) of \(SizeText.format(host.memoryLimitBytes))"),
            ("use", UseText.host(host.use)), ("policy", UseText.policy(host.use.policy)),
            ("starting", "\(host.starting), at most \(host.startsAllowed) at the same time"),
        ]
        if let warm = host.warm { entries.append(("warm", "\(warm) that nobody has claimed")) }
        if let homes = host.homes {
            entries.append(
                ("homes", homes == HostView.homesAttached ? "attached to warm seats" : "not attached: \(homes)"))
        }
        if let network = host.network {
            let isProved = network == HostView.networkProved
            entries.append(("network", isProved ? "labs are kept apart, as tried" : "not proved: \(network)"))
        }
        if let live = host.restoresLive {
            entries.append(("live-restore", live ? "on" : "off: a restart of the engine ends every lab here"))
        }
        if let shortages = host.kernel?.shortages(slots: host.slots), !shortages.isEmpty {
            entries.append(("kernel", "little for all labs here together: " + shortages.joined(separator: ", ")))
        }
        if !host.labels.isEmpty { entries.append(("labels", labels(host))) }
        let set = host.isAdjusted ? ", changed by host set" : ""
        entries.append(("from", (host.origin == .runtime ? "host add" : "the configuration") + set))
        if let engine = host.engineId { entries.append(("engine", LabText.short(engine))) }
        if !details.parked.isEmpty {
            entries.append(
                ("parked", "\(details.parked.count) with their files here, where alone they can come back"))
        }
        if let skew = host.clockSkewMilliseconds { entries.append(("clock", "\(skew > 0 ? "+" : "")\(skew) ms")) }
        if host.otherContainers > 0 { entries.append(("others", others(host))) }
        if let reason = host.reason { entries.append(("note", reason)) }
        if let deadline = host.drainDeadline { entries.append(("drains until", time.moment(deadline))) }
        var parts = [Table.list(entries)]
        if !details.images.isEmpty { parts.append(images(details.images)) }
        parts.append(sessions(details.sessions, on: host, now: now, time: time))
        return parts.joined(separator: "\n\n")
    }

    private static func images(_ images: [HostLabImageView]) -> String {
        var table = Table([("LAB", .left), ("IMAGE", .left), ("ID", .left), ("NOTE", .left)])
        for image in images {
            table.add([image.lab, image.image, LabText.short(image.found.imageId), LabText.note(image.found)])
        }
        return table.text()
    }

    /// The clock skew of the host, if it deserves a warning.
    static func clock(_ host: HostView) -> String? {
        guard let skew = host.clockSkewMilliseconds, abs(skew) >= BrokerLimits.clockSkewWarning.wholeMilliseconds else {
            return nil
        }
        return "\(DurationText.brief(.milliseconds(abs(skew)))) \(skew > 0 ? "ahead" : "behind")"
    }

    static func others(_ host: HostView) -> String {
        "\(Plural.count(host.otherContainers, "lab")) of another Carrel with \(SizeText.format(host.otherMemoryBytes))"
    }

    /// The settings that `host set` changes.
    static func settings(_ host: HostView) -> String {
        "\(host.name) has \(Plural.count(host.slots, "slot")), \(SizeText.format(host.memoryLimitBytes)) for labs, the policy \(host.use.policy.rawValue) and "
            + (host.labels.isEmpty ? "no labels" : "the labels \(labels(host))")
    }

    private static func labels(_ host: HostView) -> String {
        host.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }

    /// The sessions on a host, and the latest time at which they end.
    static func sessions(_ sessions: [SessionView], on host: HostView, now: Timestamp, time: TimeText) -> String {
        guard !sessions.isEmpty else { return "Nobody is there." }
        var table = Table([
            ("ID", .left), ("STATE", .left), ("LAB", .left), ("LEARNER", .left), ("NAME", .left),
            ("LAST ACTIVITY", .right), ("ENDS AT THE LATEST", .left),
        ])
        for session in sessions {
            let end = [session.lifetimeEndsAt, host.drainDeadline].compactMap { $0 }.min()
            table.add([
                session.id.rawValue, session.state, session.lab, session.learner, session.learnerName,
                SessionTable.ago(session.lastActivityAt, now: now), end.map { time.short($0, now: now) } ?? "-",
            ])
        }
        return table.text()
    }

    /// What would happen if the host were declared lost, as a sentence or two.
    static func lossAhead(_ details: HostDetailsView) -> String {
        let running = details.sessions.count { $0.state == SessionState.Name.running.rawValue }
        let others = details.sessions.count - running
        var text =
            details.sharesHomes
            ? "\(count(running)) with a lab there get\(running == 1 ? "s" : "") a new seat, with the same files, at the same address"
            : "\(count(running)) with a lab there lose\(running == 1 ? "s" : "") it, and their files with it, unless the host comes back"
        if others > 0 { text += "; \(others) more that were starting or ending there are settled" }
        if !details.parked.isEmpty { text += "; \(details.parked.count) parked with their files there end" }
        return text + ". If the host is only cut off, its labs may go on writing files until it is back, when they are "
            + "removed."
    }

    static func loss(_ loss: HostLossView) -> String {
        "\(loss.host.name) is lost: \(loss.moved.count) of its sessions get a new seat, \(loss.ended.count) ended; "
            + "`carrel host uncordon \(loss.host.name)` takes it back once it answers again"
    }

    private static func count(_ learners: Int) -> String { Plural.count(learners, "learner") }
}
