import Broker
import BrokerCore
import Text

extension HostDrain {
    /// Shows the progress of a rolling drain until each of its hosts is drained, or was uncordoned.
    static func watchRolling(_ client: ControlClient, _ first: ProgressScreen) async throws {
        var screen = first
        var patience = Patience()
        var last = ""
        while true {
            let drain: RollingDrainView?
            let hosts: [HostView]
            do {
                drain = try await client.rollingDrain()
                hosts = try await client.hosts()
                patience.restore()
            } catch {
                try await patience.bear(error)
                continue
            }
            try Task.checkCancellation()
            guard let drain else { return Output.print("the rolling drain is over: every host of it was uncordoned") }
            let now = Timestamp.current()
            let news = RollingText.news(drain, hosts)
            let text = RollingText.text(drain, hosts, now: now, time: TimeText())
            if RollingText.isThrough(drain, hosts) { return screen.finish(text) }
            screen.show(text, isNews: news != last)
            last = news
            try await Task.sleep(for: pollInterval)
        }
    }
}

/// The text of a rolling drain for operators.
enum RollingText {
    /// What happens to the hosts and their sessions after it has started.
    static func outcome(_ hosts: [String], maxUnavailable: Int, deadline: Duration) -> String {
        let when = deadline == .zero ? "when" : "\(DurationText.format(deadline)) after"
        return "\(hosts.joined(separator: ", ")) drain in turn, at most \(maxUnavailable) at a time: sessions that do "
            + "not end by themselves are ended \(when) the turn of their host comes; uncordon each host when its work is done"
    }

    static func text(_ drain: RollingDrainView, _ hosts: [HostView], now: Timestamp, time: TimeText) -> String {
        var table = Table([("HOST", .left), ("TURN", .left), ("STATE", .left), ("SESSIONS", .right), ("NOTE", .left)])
        for member in drain.hosts {
            let host = hosts.first { $0.name == member.host }
            table.add([
                member.host, member.phase.rawValue, host?.state.rawValue ?? "gone", "\(host?.sessions ?? 0)",
                note(member, host, now: now, time: time),
            ])
        }
        return table.text()
    }

    /// A value that changes only when there is something new to show.
    static func news(_ drain: RollingDrainView, _ hosts: [HostView]) -> String {
        drain.hosts.map { member in
            let host = hosts.first { $0.name == member.host }
            return "\(member.host) \(member.phase.rawValue) \(host?.state.rawValue ?? "") \(host?.sessions ?? 0)"
        }.joined(separator: "\n")
    }

    /// Whether every host is drained, lost or removed, or was uncordoned, so that nothing more happens automatically.
    static func isThrough(_ drain: RollingDrainView, _ hosts: [HostView]) -> Bool {
        drain.hosts.allSatisfy { member in
            guard member.phase != .done, let host = hosts.first(where: { $0.name == member.host }) else { return true }
            return member.phase == .begun && [.drained, .lost].contains(host.state)
        }
    }

    private static func note(
        _ member: RollingDrainView.Member, _ host: HostView?, now: Timestamp, time: TimeText
    ) -> String {
        switch (member.phase, host?.state) {
        case (.waiting, _): return "its turn comes when another is uncordoned"
        case (.begun, .drained?): return "do its work, then carrel host uncordon \(member.host)"
        case (.begun, _):
            guard let deadline = host?.drainDeadline else { return "" }
            return "empty at the latest at \(time.short(deadline, now: now))"
        case (.done, _): return ""
        }
    }
}
