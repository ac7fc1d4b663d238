import ArgumentParser
import BrokerCore
import Configuration
import Foundation
import Store
import Text

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the broker's whole memory into one file, while it runs.",
        discussion: """
            The file holds the database as it is at one moment, the keys that sign links, and the portals that commands \
            have added; keep it as you keep keys. It is checked before it appears, and never replaces a file. Learners' \
            files and the configuration are not in it.

            Examples:
              carrel backup "/var/backups/carrel-$(date +%F).backup"
              carrel restore /var/backups/carrel-2026-12-01.backup
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "The file to be made.", completion: .file()) var file: String
    @OptionGroup var output: JSONOption

    func run() async throws {
        let state = try configurationOption.stateFiles()
        let screen = PageProgress("copying")
        let summary = try CommandFailure.translating {
            try Backup.make(of: state.database, with: .ofState, to: file) { screen.show($0, of: $1) }
        }
        screen.clear()
        Output.print(output.json ? Output.json(summary) : "\(file) holds \(StateFileText.describe(summary))")
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Put a backup in the place of the broker's memory, while no broker runs.",
        discussion: """
            The backup is checked first. What was there is kept in a directory beside it, whose name is printed. When \
            the broker starts again, labs that were launched after the backup was made are ended, because it does \
            not know them; learners' files stay.

            Example:
              carrel restore /var/backups/carrel-2026-12-01.backup
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "The backup.", completion: .file()) var file: String
    @OptionGroup var output: JSONOption

    func run() async throws {
        let state = try configurationOption.stateFiles()
        let screen = PageProgress("restoring")
        // Sorts by time, whatever the time zone of the machine.
        let moment = TimeText(clock: .utc).moment(.current())
        let aside = "before-restore-" + moment.replacing(" ", with: "T").replacing(":", with: "")
        let result = try CommandFailure.translating {
            try FileManager.default.createDirectory(
                atPath: state.directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let lock = try StateDirectoryLock(directory: state.directory)
            return try withExtendedLifetime(lock) {
                try Backup.restore(
                    file, into: state.directory, file: StateFileNames.database, with: .ofState, aside: aside
                ) { screen.show($0, of: $1) }
            }
        }
        screen.clear()
        if output.json { return Output.print(Output.json(result.summary)) }
        Output.print("\(state.directory) holds \(StateFileText.describe(result.summary)) again")
        if result.keptOld { Output.print("what was there is kept in \(state.directory)/\(aside)") }
        Output.print("start carrel serve; labs launched since the backup end then, and learners' files stay")
    }
}

struct IntegrityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "integrity",
        abstract: "Check the broker's database, or a backup, from its pages to its meaning.",
        discussion: """
            Only reads, while the broker runs or not. Exits with 1 if something is wrong, and names it.

            Examples:
              carrel integrity
              carrel integrity /var/backups/carrel-2026-12-01.backup --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Argument(help: "A backup; without it, the broker's own database.", completion: .file()) var file: String?
    @OptionGroup var output: JSONOption

    private struct Report: Encodable {
        var file: String
        var problems: [String]
        var summary: StateFile.Summary?
    }

    func run() async throws {
        let path = try file ?? configurationOption.stateFiles().database
        let report = try CommandFailure.translating {
            let state = try StateFile(path: path)
            let problems = try state.problems()
            // The contents of a damaged file are not worth reporting.
            return Report(file: path, problems: problems, summary: problems.isEmpty ? try state.summary() : nil)
        }
        if output.json {
            Output.print(Output.json(report))
        } else if let summary = report.summary {
            Output.print("\(path) is in order: \(StateFileText.describe(summary))")
        } else {
            Output.print(report.problems.map(Table.cleaned).joined(separator: "\n"))
            Output.note("\(path) is damaged; stop the broker and restore a backup: carrel restore FILE")
        }
        if !report.problems.isEmpty { throw ExitCode.failure }
    }
}

enum StateFileText {
    static func describe(_ summary: StateFile.Summary) -> String {
        let sessions = Plural.count(summary.sessions, "session")
        return "\(sessions), \(summary.liveSessions) of them live, in \(SizeText.format(summary.bytes)) "
            + "(instance \(summary.instance), version \(summary.version))"
    }
}

/// Shows the progress of a long operation on a terminal; nothing anywhere else.
struct PageProgress {
    private let what: String
    private let isTerminal = isatty(STDERR_FILENO) == 1

    init(_ what: String) { self.what = what }

    func show(_ done: Int, of all: Int) {
        guard isTerminal, all > 0 else { return }
        FileHandle.standardError.write(Data("\r\(what): \(done * 100 / all) %".utf8))
    }

    func clear() {
        if isTerminal { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
}

extension [SavedFolder] {
    /// What a backup saves beside the database.
    fileprivate static let ofState = [
        SavedFolder(.keys, name: StateFileNames.keys), SavedFolder(.portals, name: StateFileNames.portals),
    ]
}

extension ConfigurationOption {
    /// The paths of the state files. Only `state` is read, so that a mistake elsewhere in the file does not prevent a
    /// backup.
    func stateFiles() throws -> (directory: String, database: String) {
        let path = try resolvedPath()
        do {
            let directory = try Configuration.stateDirectory(contentsOf: path)
            return (directory, directory + "/" + StateFileNames.database)
        } catch {
            throw CommandFailure(Self.explain(error))
        }
    }
}

extension CommandFailure {
    /// The store's messages are suitable for people as they are.
    static func translating<T>(_ body: () throws -> T) throws -> T {
        do { return try body() } catch let error as StoreError { throw CommandFailure(error.message) }
    }
}
