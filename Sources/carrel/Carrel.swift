import ArgumentParser
import Broker
import BrokerCore
import EventLoop
import Scheduling
import TLS
import Text

/// The command line: one binary for the broker, its operators and its tests.
@main
struct Carrel: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "carrel",
        abstract: "A lab of one's own for every learner, on a handful of Docker hosts.",
        discussion: """
            Examples:
              carrel check
              carrel serve
              carrel link --lab python --learner ada --name "Ada Lovelace"
              carrel host list
              carrel session list --state running

            The configuration is --config, else $CARREL_CONFIG, else .carrel/carrel.yaml, carrel.yaml or \
            /etc/carrel/carrel.yaml, whichever is there first.

            Exit codes: 0 done, 1 failed, 64 the command was not understood.
            """,
        version: versionLine(commit: SourceRevision.commit, zones: ZoneDatabase.system().version),
        subcommands: [
            ServeCommand.self, ReloadCommand.self, CheckCommand.self, LinkCommand.self, HostCommand.self,
            PortalCommand.self, SignOutCommand.self, LabCommand.self, SessionCommand.self,
            ReserveCommand.self, PoolCommand.self, TryCommand.self, EdgeCommand.self, MetricsCommand.self,
            BackupCommand.self,
            RestoreCommand.self,
            IntegrityCommand.self, DevCACommand.self,
        ])

    /// The output of `--version`.
    ///
    /// - Parameter commit: the commit from which this was built; `nil` if unknown. Uncommitted changes are not
    ///   indicated.
    static func versionLine(commit: String?, zones: String) -> String {
        let details = [commit, "tzdata \(zones)"].compactMap(\.self)
        return "carrel \(version) (\(details.joined(separator: ", ")))"
    }

    static func main() async {
        LibraryMemory.install()
        Heap.giveBackLargePieces()
        if let problem = EmptyArgument.problem(in: Array(CommandLine.arguments.dropFirst())) {
            Self.exit(withError: ValidationError(problem))
        }
        await main(nil)
    }
}

/// A command that failed; the message says why and what to do next. It may quote text from outside, and is escaped for
/// a terminal.
struct CommandFailure: Error, Hashable, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = VisibleText.escapedLines(description) }
}
