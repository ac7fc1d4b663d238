import ArgumentParser
import BrokerCore
import EventLoop
import LearnerClient
import Portal
import TLS
import Text

struct TryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try",
        abstract: "Open a lab as a learner does, and run code in it.",
        discussion: """
            Follows the link through the portal with cookies of its own, waits for the lab, opens its first page, \
            starts a \
            kernel, runs the code, and prints the output and where the time went. The session stays; its kernel is ended.

            Examples:
              carrel try --link "$(carrel link --lab python --learner ada)"
              carrel try --link URL --ca .carrel/tls/ca.pem --connect 127.0.0.1:8443 --code "sum(range(10))" --expect 45
            """)

    @Option(help: ArgumentHelp("The learner's link, as carrel link prints it.", valueName: "url")) var link: String
    @Option(
        help: ArgumentHelp("Trust the authority in this PEM file instead of the system's.", valueName: "file"),
        completion: .file(extensions: ["pem"]))
    var ca: String?
    @Option(
        help: ArgumentHelp(
            "Connect there whatever the host's name, for names that no name server knows.", valueName: "address:port"))
    var connect: SocketAddressArgument?
    @Option(help: "The code to run; none only opens the lab.") var code = "sum(range(10))"
    @Option(help: "Fail unless the output contains this text.") var expect: String?
    @Option(help: ArgumentHelp("How long the lab may take to run.", valueName: "duration"))
    var timeout = DurationArgument(LearnerLimits.startTimeout)
    @OptionGroup var output: JSONOption

    struct Report: Encodable {
        var session: String?
        var url: String
        var output: String
        var error: String?
        /// In milliseconds.
        var times: LearnerTimes
        var totalMilliseconds: Double
    }

    func run() async throws {
        let report: Report
        do { report = try await visit() } catch let error as LearnerError {
            // The message may quote the lab's own page.
            throw CommandFailure(error.description)
        }
        if output.json {
            Output.print(Output.json(report))
        } else {
            if !report.output.isEmpty { Output.print(VisibleText.escapedLines(report.output)) }
            Output.print(Self.table(report.times))
        }
        if let error = report.error { throw CommandFailure("the code failed: \(error)") }
        if let expect, !report.output.contains(expect) {
            throw CommandFailure("the output does not contain \"\(expect)\"")
        }
    }

    @ControlLoop private func visit() async throws -> Report {
        let learner = try LearnerClient(
            trust: ca.map { .file($0) } ?? .system, connect: connect?.address,
            agent: "carrel/\(Carrel.version)")
        learner.onProgress = { Output.note(Self.words($0)) }
        let page = try await learner.open(link, within: timeout.duration)
        var result = LearnerClient.KernelOutput()
        if !code.isEmpty {
            let kernel = try await learner.startKernel()
            result = try await learner.run(code, in: kernel)
            try await learner.endKernel(kernel)
        }
        return Report(
            session: learner.session?.id.rawValue ?? page.address.host.split(separator: ".").first.map(String.init),
            url: page.address.origin + "/",
            output: result.text.trimmingSuffix("\n"), error: result.error, times: learner.times,
            totalMilliseconds: learner.times.total)
    }

    private static func table(_ times: LearnerTimes) -> String {
        var table = Table([("STEP", .left), ("MILLISECONDS", .right)])
        let rows: [(String, Double)] = [
            ("session found or made", times.session), ("queue", times.queue), ("container created", times.create),
            ("container started", times.start), ("lab ready", times.ready), ("page", times.page),
            ("click to page", times.total),
        ]
        for (name, milliseconds) in rows { table.add([name, "\((milliseconds * 10).rounded() / 10)"]) }
        return table.text()
    }

    /// A line of progress, in the words of the learner's page.
    private static func words(_ view: LearnerView) -> String {
        switch (view.state, view.step) {
        case ("queued", _):
            "in the queue" + (view.queuePosition.map { ", place \($0) of \(view.queueLength ?? $0)" } ?? "")
        case ("starting", "starting"): "starting"
        case ("starting", "waiting"): "waiting for the lab to answer"
        case ("starting", _): "being prepared"
        default: view.state
        }
    }
}

/// An IP address and port on the command line.
struct SocketAddressArgument: ExpressibleByArgument, Hashable, Sendable {
    var address: SocketAddress

    init?(argument: String) {
        guard let address = try? SocketAddress(parsing: argument) else { return nil }
        self.address = address
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: Character) -> String {
        var text = self[...]
        while text.last == suffix { text.removeLast() }
        return String(text)
    }
}
