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
            certificates again; a configuration with a mistake is logged, and the old one stays in force.

            Examples:
              carrel serve
              carrel serve --config /etc/carrel/carrel.yaml --log-level debug
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @Option(help: ArgumentHelp("How much is logged.", valueName: "level")) var logLevel = LogLevel.info

    func run() async throws {
        logLevel.bootstrap()
        DaemonProcess.prepare()
        let log = Logger(label: "carrel")
        try await DaemonProcess.run(
            try await Service(try configurationOption.load(), log: log), takesOver: false, log)
    }
}
