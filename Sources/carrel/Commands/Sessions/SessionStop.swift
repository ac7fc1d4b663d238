import ArgumentParser
import Broker
import BrokerCore
import Portal
import Text

/// The options for stopping sessions, for good or by parking: which ones, and why.
struct SessionStop: ParsableArguments {
    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var selection: SessionSelection
    @Option(help: "Why, for the learners.") var note = ""
    @OptionGroup var output: JSONOption

    /// Stops them, and prints the outcomes.
    func run(
        _ verb: String, _ participle: String, states: Set<String>,
        _ stop: @escaping (ControlClient) -> (_ id: String, _ note: String?) async throws -> SessionView
    ) async throws {
        let note = note
        let act = SessionAct(verb: verb, participle: participle, states: states) { client, id in
            try await stop(client)(id, note)
        } outcome: {
            SessionTable.outcome($0)
        }
        try await act.run(on: selection, try ControlClient(configurationOption), output)
    }
}

struct SessionPark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "park",
        abstract: "Stop running sessions and keep them: their learners' next visit brings them back.",
        discussion: """
            Its container is stopped and its seat is free for others; its files, hostname and access stay for as long \
            as the lab's parks_for says. A click in the same tab, or a launch, resumes it, by way of the queue if all \
            seats are taken. What is outside the home, and what programs held in memory, is gone. The note is what the \
            learner reads.

            Examples:
              carrel session park k3v7
              carrel session park k3v7 --note "The seat is needed for the exam."
              carrel session park --course 101 --lab python --yes
            """)

    @OptionGroup var stop: SessionStop

    func run() async throws {
        try await stop.run("park", "parked", states: [SessionState.Name.running.rawValue], ControlClient.park)
    }
}

struct SessionEnd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end",
        abstract: "End sessions after a notice. The learners' files stay, and they can start again.",
        discussion: """
            The learner is told at once when the lab ends and is asked to save their work; the note is what they read \
            as the reason. A session that does not run ends at once. Announcing an end again replaces the earlier \
            one; --cancel takes it back, and so does `carrel session extend`.

            Examples:
              carrel session end k3v7
              carrel session end k3v7 --in 15m --note "The host gets a new disk; start again after half past two."
              carrel session end k3v7 --now
              carrel session end k3v7 --cancel
              carrel session end --course 101 --note "The exam is over."
              carrel session end --roster class.csv --yes --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var selection: SessionSelection
    @Option(
        name: .customLong("in"),
        help: ArgumentHelp(
            "When a running session ends, from now (default: \(DurationText.format(PortalLimits.endNotice))).",
            valueName: "duration"))
    var notice: DurationArgument?
    @Flag(help: "End it at once, without notice.") var now = false
    @Flag(help: "Take the announced end back.") var cancel = false
    @Option(help: "Why, for the learners.") var note = ""
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard [notice != nil, now, cancel].count(where: { $0 }) <= 1 else {
            throw ValidationError("--in, --now and --cancel exclude one another")
        }
        guard !cancel || note.isEmpty else { throw ValidationError("--cancel takes no --note") }
        if let notice, notice.duration > Limits.announcementMaximum {
            throw ValidationError(
                "--in is \(DurationText.format(notice.duration)), but at most "
                    + DurationText.format(Limits.announcementMaximum))
        }
    }

    func run() async throws {
        let asked = Timestamp.current()
        let (wait, note, cancel) = (now ? .zero : notice?.duration ?? PortalLimits.endNotice, note, cancel)
        let act = SessionAct(
            verb: cancel ? "keep" : "end", participle: cancel ? "kept" : now ? "ended" : "told or ended",
            states: cancel
                ? [SessionState.Name.running.rawValue]
                : SessionAct.liveStates.subtracting([SessionState.Name.ending.rawValue]),
            isMeant: { !cancel || $0.announcedEndAt != nil },
            perform: { client, id in
                try await cancel ? client.cancelEnd(id) : client.end(id, in: wait, note: note)
            }, outcome: { SessionTable.ending($0, asked: asked, time: TimeText()) })
        try await act.run(on: selection, try ControlClient(configurationOption), output)
    }
}
