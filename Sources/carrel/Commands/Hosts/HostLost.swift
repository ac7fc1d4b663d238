import ArgumentParser
import BrokerCore
import Foundation

struct HostLost: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lost",
        abstract: "Give up a host that does not come back.",
        discussion: """
            What runs on a host that does not answer is kept until the host is back: its labs are often fine. Where the \
            machine is gone for good, this says so. With shared homes everybody who was there gets a new seat, in the \
            same tab and with the same files; otherwise their sessions end, and they start again with an empty home. \
            If the host ever answers again, the containers that it still has are removed, and it takes sessions \
            once it is uncordoned.

            Examples:
              carrel host lost one
              carrel host lost one --yes --json
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var output: JSONOption
    @Argument(help: "The host's name.") var name: String
    @Flag(help: "Do not ask.") var yes = false

    func run() async throws {
        let client = try await ControlClient(configurationOption)
        if !yes {
            let details = try await client.host(name)
            Output.note("\(name) is \(details.host.state.rawValue). \(HostText.lossAhead(details))")
            try Confirmation.ask("Declare \(name) lost?")
        }
        let loss = try await client.declareLost(name)
        Output.print(output.json ? Output.json(loss) : HostText.loss(loss))
    }
}

/// Asks the person at the terminal before an irreversible action.
enum Confirmation {
    static func ask(_ question: String) throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure("nobody is there to be asked; say --yes to go on without a question")
        }
        FileHandle.standardError.write(Data("\(question) [y/N] ".utf8))
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw CommandFailure("nothing was changed")
        }
    }
}
