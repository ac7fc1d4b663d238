import ArgumentParser
import Broker
import BrokerCore
import Portal
import Text

/// When the last sessions of a draining host end, and the consent to end them with less notice than `session end`
/// gives.
struct DrainDeadline: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "When the last sessions end, from now (default: 30m, or as the drain that is under way has it).",
            valueName: "duration"))
    var deadline: DurationArgument?
    @Flag(help: "End them at once, without notice.") var now = false
    @OptionGroup var consent: ConsentOption

    /// Counted from the start of the drain; `nil` leaves it to the broker.
    var duration: Duration? { now ? .zero : deadline?.duration }

    /// Whether learners would get less notice than `session end` gives.
    var isShort: Bool { duration.map { $0 < PortalLimits.endNotice } ?? false }

    func validate() throws {
        guard !now || deadline == nil else { throw ValidationError("--deadline and --now exclude one another") }
        guard let deadline, deadline.duration > PortalLimits.drainDeadlineMaximum else { return }
        throw ValidationError(
            "--deadline is \(DurationText.format(deadline.duration)), but must be at most "
                + DurationText.format(PortalLimits.drainDeadlineMaximum))
    }

    /// Lists the sessions that would end without the usual notice, and continues only with consent.
    func ask(_ client: ControlClient, hosts: [String]) async throws {
        guard let duration, isShort else { return }
        var sessions: [SessionView] = []
        for host in hosts { sessions += try await client.host(host).sessions }
        let present = [SessionState.Name.starting, .running].map(\.rawValue)
        sessions = sessions.filter { present.contains($0.state) }
        if !sessions.isEmpty { try consent.ask(Self.question(sessions, on: hosts, within: duration)) }
    }

    static func question(_ sessions: [SessionView], on hosts: [String], within duration: Duration) -> String {
        let place = (hosts.count == 1 ? "host " : "hosts ") + hosts.joined(separator: ", ")
        let when =
            duration == .zero
            ? "at once, without notice"
            : "within \(DurationText.format(duration)), sooner than the usual notice of "
                + DurationText.format(PortalLimits.endNotice)
        let turns = hosts.count == 1 ? "" : ", each when its host's turn comes"
        return "this ends \(SessionSelection.describe(sessions, place: place)) \(when)\(turns)"
    }

    /// What happens to the sessions of a host whose drain has started.
    static func outcome(_ host: HostView, now: Timestamp = .current(), time: TimeText = TimeText()) -> String {
        if host.state == .drained { return "\(host.name) is drained: nobody is there" }
        let sessions = Plural.count(host.sessions, "session")
        guard let deadline = host.drainDeadline, deadline > now else {
            return "\(host.name) drains: \(sessions) \(Plural.noun(host.sessions, "ends", "end")) now"
        }
        let there = Plural.noun(host.sessions, "is", "are")
        return "\(host.name) drains: sessions that do not end by themselves are ended at "
            + "\(time.short(deadline, now: now)) (\(sessions) \(there) there now)"
    }
}
