import Broker
import BrokerCore

/// One host as operators read it.
enum HostText {
    static func details(_ details: HostDetailsView, now: Timestamp, time: TimeText) -> String {
        let host = details.host
        var entries = [
            ("name", host.name), ("state", host.state.rawValue), ("endpoint", host.endpoint),
            ("seats", "\(host.seats) of \(host.slots)"),
            ("memory", "\(SizeText.format(host.memoryUsedBytes)) of \(SizeText.format(host.memoryLimitBytes))"),
            ("starting", "\(host.starting), at most \(host.startsAllowed) at the same time"),
        ]
        if let warm = host.warm { entries.append(("warm", "\(warm) that nobody has claimed")) }
        if let homes = host.homes {
            entries.append(
                ("homes", homes == HostView.homesAttached ? "attached to warm seats" : "not attached: \(homes)"))
        }
        if let reason = host.reason { entries.append(("note", reason)) }
        if let deadline = host.drainDeadline { entries.append(("drains until", time.moment(deadline))) }
        return Table.list(entries) + "\n\n" + sessions(details.sessions, on: host, now: now, time: time)
    }

    /// Who is on a host, and until when at the latest.
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

    /// What declaring a host lost would do, as a sentence or two.
    static func lossAhead(_ details: HostDetailsView) -> String {
        let running = details.sessions.count { $0.state == "running" }
        let others = details.sessions.count - running
        var text =
            details.sharesHomes
            ? "\(count(running)) with a lab there get\(running == 1 ? "s" : "") a new seat, with the same files, at the same address"
            : "\(count(running)) with a lab there lose\(running == 1 ? "s" : "") it, and their files with it, unless the host comes back"
        if others > 0 { text += "; \(others) more that were starting or ending there are settled" }
        return text + ". If the host is only cut off, its labs may go on writing files until it is back, when they are "
            + "removed."
    }

    static func loss(_ loss: HostLossView) -> String {
        "\(loss.host.name) is lost: \(loss.moved.count) of its sessions get a new seat, \(loss.ended.count) ended; "
            + "`carrel host uncordon \(loss.host.name)` takes it back once it answers again"
    }

    private static func count(_ learners: Int) -> String { learners == 1 ? "1 learner" : "\(learners) learners" }
}
