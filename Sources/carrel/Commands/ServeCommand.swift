import ArgumentParser
import EventLoop
import Foundation
import Logging

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the broker, the portal and the edge in the foreground.",
        discussion: """
            Writes its log to standard error, with a line `ready` when everything listens. SIGTERM and SIGINT end it \
            gracefully: labs go on running, and the next start finds them. SIGHUP reads the configuration and the \
            certificates again, as carrel reload does; a configuration with a mistake is logged, and the old one stays in force. \
            SIGUSR2 starts the program again, as it is on the disk now, with --takeover: the new one takes the sockets, \
            the sessions and the decisions, and the old one finishes the requests and WebSockets of labs, and ends.

            Examples:
              carrel serve
              carrel serve --config /etc/carrel/carrel.yaml --log-level debug
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Flag(
        help: "Take over from the carrel serve that runs on the same state, if one does: nobody is refused or cut off.")
    var takeover = false
    @Option(help: ArgumentHelp("How much is logged.", valueName: "level")) var logLevel = LogLevel.info

    func run() async throws {
        logLevel.bootstrap()
        DaemonProcess.prepare()
        let log = Logger(label: "carrel")
        try await DaemonProcess.run(
            try await Service(try configurationOption.load(), log: log), takesOver: takeover, log)
    }
}
