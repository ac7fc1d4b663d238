import ArgumentParser
import Broker
import BrokerCore
import Configuration
import Scheduling
import Text

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the configuration, this machine, certificates, hosts and their images.",
        discussion: """
            Leaves nothing behind: what it starts on hosts, to try out their networks, it removes again. Every problem is \
            named with the file, the line, and what would be \
            right; all of them at once: the state directory, the homes root, the access log, the addresses to listen on, \
            certificates and their ends, hosts that do not answer, images that are missing, networks that let labs out. A \
            host that does not answer is a problem here, but carrel serve starts without it, and passes it over until it \
            answers.

            What nothing fails of yet is advice: certificates that end within \(ServeLimits.expiryWarningDays) days, names \
            that lead nowhere as seen from here. The exit code is 1 if there are problems, and 0 if there is only advice.

            Examples:
              carrel check
              carrel check --config /etc/carrel/carrel.yaml
              carrel check --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var output: JSONOption

    /// The output of --json.
    struct Report: Encodable {
        struct Finding: Encodable {
            var file: String
            /// From 1; 0 if it does not refer to a line.
            var line: Int
            var message: String
        }

        /// Whether there is no problem; there may be advice.
        var isInOrder: Bool
        var problems: [Finding]
        var advice: [Finding]
        /// The release of the time zone database, and where it is.
        var zones: String
        var zonesAt: String

        init(_ found: PreflightFindings, _ zones: ZoneDatabase) {
            func findings(_ list: [ConfigurationProblem]) -> [Finding] {
                list.map { Finding(file: $0.file, line: $0.line, message: $0.message) }
            }
            isInOrder = found.problems.isEmpty
            problems = findings(found.problems)
            advice = findings(found.advice)
            self.zones = zones.version
            zonesAt = zones.place
        }
    }

    func run() async throws {
        let found: PreflightFindings
        let zones = ZoneDatabase.system()
        let path = try configurationOption.resolvedPath()
        do { found = await Self.look(at: try Configuration(contentsOf: path)) } catch {
            guard output.json else { throw CommandFailure(ConfigurationOption.explain(error)) }
            Output.print(Output.json(Report(PreflightFindings(problems: error.problems), zones)))
            throw ExitCode.failure
        }
        if output.json {
            Output.print(Output.json(Report(found, zones)))
            if !found.problems.isEmpty { throw ExitCode.failure }
            return
        }
        for advice in found.advice { Output.note("advice: \(advice)") }
        if !found.problems.isEmpty {
            throw CommandFailure(ConfigurationOption.explain(InvalidConfiguration(problems: found.problems)))
        }
        let configuration = try configurationOption.load()
        let hosts = configuration.hosts.count
        let labs = configuration.labs.count
        Output.print(
            "\(configuration.file) is in order: \(Plural.count(hosts, "host answers", "hosts answer")), "
                + "\(Plural.count(labs, "lab has its image", "labs have their images")); "
                + "time zones of release \(zones.version)")
    }

    static func look(at configuration: Configuration) async -> PreflightFindings {
        var found = PreflightFindings()
        do {
            let certificates = try Preflight.certificates(configuration)
            if let problem = Preflight.expiry(of: certificates, configuration) {
                found.problems.append(problem)
            } else if let soon = Preflight.expiry(
                of: certificates, configuration, within: ServeLimits.expiryWarningDays)
            {
                found.advice.append(soon)
            }
        } catch {
            found.problems += error.problems
        }
        found.problems += Preflight.webroot(configuration).map { [$0] } ?? []
        for ending in Preflight.engineCertificates(configuration) {
            let problem = configuration.problem(line: ending.line, ending.message)
            if ending.isUrgent { found.problems.append(problem) } else { found.advice.append(problem) }
        }
        found.problems += await Preflight.homesOwner(configuration).map { [$0] } ?? []
        found += await Preflight.machine(configuration)
        found += await Preflight.hosts(configuration)
        found += await Preflight.networks(configuration)
        return found.sorted
    }
}
