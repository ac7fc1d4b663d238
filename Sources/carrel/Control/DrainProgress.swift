import Broker
import BrokerCore
import Text

/// The display of `host drain --wait`, from the broker's answer to each poll.
struct DrainProgress {
    enum Outcome: Hashable {
        case goesOn
        case drained
        /// The host was uncordoned or removed meanwhile.
        case cancelled(String)
    }

    /// The states of sessions that still occupy a seat.
    static let liveStates = Set([SessionState.Name.starting, .running, .ending, .parking].map(\.rawValue))

    let host: String
    private var shown: [String] = []

    init(host: String) { self.host = host }

    /// Whether anything has changed since the last time, apart from the passage of time.
    mutating func isNews(_ view: HostView?, _ sessions: [SessionView]) -> Bool {
        let now = [view?.state.rawValue ?? ""] + live(sessions).map { "\($0.id) \($0.state)" }
        defer { shown = now }
        return now != shown
    }

    func outcome(_ view: HostView?) -> Outcome {
        switch view?.state {
        case .drained: .drained
        case .draining, .unreachable: .goesOn
        case .active, .cordoned, .lost, .inactive:
            .cancelled("the drain of \(host) was cancelled: it is \(view?.state.rawValue ?? "")")
        case nil: .cancelled("\(host) is no longer in the configuration")
        }
    }

    /// The remaining sessions, and the latest time at which they end.
    func text(_ view: HostView?, _ sessions: [SessionView], now: Timestamp, time: TimeText) -> String {
        guard let view else { return "\(host) is no longer in the configuration" }
        let live = live(sessions)
        var text = "\(host) is \(view.state.rawValue)"
        if let reason = view.reason { text += " (\(Table.cleaned(reason)))" }
        if view.state == .draining || view.state == .unreachable, let deadline = view.drainDeadline {
            text += ", at the latest at \(time.short(deadline, now: now))"
            if deadline > now { text += " (in \(DurationText.brief(deadline - now)))" }
        }
        text += live.isEmpty ? "; nobody is there" : "; still there: \(live.count)"
        return live.isEmpty ? text : text + "\n" + HostText.sessions(live, on: view, now: now, time: time)
    }

    private func live(_ sessions: [SessionView]) -> [SessionView] {
        sessions.filter { Self.liveStates.contains($0.state) }.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }
}
