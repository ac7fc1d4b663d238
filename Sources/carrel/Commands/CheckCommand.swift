import ArgumentParser

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the configuration, its certificates, its hosts and their images.",
        discussion: """
            Starts nothing and changes nothing. Every problem is named with the file, the line, and what would be \
            right; \
            all of them at once. A host that does not answer is a problem here, but keeps carrel serve from nothing: \
            it is \
            passed over until it answers.

            Examples:
              carrel check
              carrel check --config /etc/carrel/carrel.yaml
            """)

    @OptionGroup var configurationOption: ConfigurationOption

    func run() async throws {
        let configuration = try configurationOption.load()
        var problems: [ConfigurationProblem] = []
        do {
            let certificates = try Preflight.certificates(configuration)
            problems += Preflight.expiry(of: certificates, configuration).map { [$0] } ?? []
        } catch {
            problems += error.problems
        }
        problems += Preflight.webroot(configuration).map { [$0] } ?? []
        problems += await Preflight.hosts(configuration)
        if !problems.isEmpty {
            throw CommandFailure(ConfigurationOption.explain(InvalidConfiguration(problems: problems)))
        }
        let hosts = configuration.hosts.count
        let labs = configuration.labs.count
        Output.print(
            "\(configuration.file) is in order: \(hosts == 1 ? "1 host answers" : "\(hosts) hosts answer"), "
                + "\(labs == 1 ? "1 lab has its image" : "\(labs) labs have their images")")
    }
}
