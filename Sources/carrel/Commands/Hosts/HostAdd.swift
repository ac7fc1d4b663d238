import ArgumentParser
import BrokerCore
import Configuration
import Foundation
import Text

struct HostAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a host while Carrel runs.",
        discussion: """
            The host takes sessions as soon as its engine has answered. Carrel remembers it over restarts, and reading \
            the configuration again does not take it away; when the configuration has a host of that name, that one \
            counts. A tcp:// endpoint takes --ca, --certificate, --key and --publish-address.

            Examples:
              carrel host add three --endpoint unix:///run/docker.sock --slots 40 --memory 48GiB
              carrel host add four --endpoint tcp://10.0.0.7:2376 --ca ca.pem --certificate broker.pem --key broker.key \
                --publish-address 10.0.0.7 --slots 40 --memory 48GiB --label gpu=true
            """)

    @OptionGroup var configurationOption: ConfigurationOption
    @OptionGroup var output: JSONOption
    @Argument(help: "The host's name.") var name: String
    @Option(help: ArgumentHelp("unix:///PATH or tcp://HOST:PORT.", valueName: "url")) var endpoint: String
    @Option(help: "The authority of the engine's certificate, a PEM file.", completion: .file()) var ca: String?
    @Option(help: "What the broker shows to the engine, a PEM file.", completion: .file()) var certificate: String?
    @Option(help: "Its key, a PEM file.", completion: .file()) var key: String?
    @Option(help: ArgumentHelp("The host's private IP address, where labs are published.", valueName: "address"))
    var publishAddress: String?
    @Option(help: "How many labs at the same time.") var slots: Int
    @Option(help: ArgumentHelp("Memory for labs, such as 48GiB.", valueName: "size")) var memory: SizeArgument
    @Option(help: ArgumentHelp("Labs' memory may add up to the memory × this.", valueName: "factor"))
    var overcommit = 1.0
    @Option(help: ArgumentHelp("How many labs may be on their way up at the same time.", valueName: "count"))
    var maximumStarts = 8
    @Option(help: ArgumentHelp("What labs can ask for; may be repeated.", valueName: "key=value"))
    var label: [LabelArgument] = []

    func validate() throws {
        guard label.allSatisfy({ $0.value != nil }) else { throw ValidationError("--label is KEY=VALUE here") }
        let files = [ca, certificate, key].compactMap { $0 }.count
        guard endpoint.hasPrefix("tcp://") ? files == 3 && publishAddress != nil : files == 0 else {
            throw ValidationError(
                "a tcp:// endpoint takes --ca, --certificate, --key and --publish-address, and a unix:// one takes no files"
            )
        }
        if let publishAddress, !Names.isIPAddress(publishAddress) {
            throw ValidationError("--publish-address is \(publishAddress), but must be an IP address such as 10.0.0.5")
        }
    }

    /// The host to add; relative paths are resolved against `folder`.
    func entry(folder: String) -> HostEntry {
        let paths = [ca, certificate, key].compactMap { $0 }.map { FilePaths.resolve($0, from: folder) }
        return HostEntry(
            spec: HostSpec(
                name: name, slots: slots, memoryBytes: memory.bytes, overcommit: overcommit,
                maximumStarts: maximumStarts, labels: LabelArgument.change(label).labels),
            address: HostAddress(
                endpoint: endpoint,
                identity: paths.count == 3
                    ? HostAddress.Identity(authority: paths[0], certificate: paths[1], key: paths[2]) : nil,
                publishAddress: publishAddress ?? "127.0.0.1"))
    }

    func run() async throws {
        let host = try await ControlClient(configurationOption)
            .addHost(entry(folder: FileManager.default.currentDirectoryPath))
        Output.print(output.json ? Output.json(host) : "\(name) is added: it takes sessions as soon as it has answered")
    }
}

/// A size on the command line: `48GiB`.
struct SizeArgument: ExpressibleByArgument, Hashable, Sendable {
    var bytes: Int64

    init?(argument: String) {
        guard let bytes = SizeText.parse(argument) else { return nil }
        self.bytes = bytes
    }

    var defaultValueDescription: String { SizeText.format(bytes) }
}

/// A label on the command line: `gpu=true`, or `gpu-`, which removes it.
struct LabelArgument: ExpressibleByArgument, Hashable, Sendable {
    var key: String
    /// `nil` removes the label.
    var value: String?

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if parts.count == 1, argument.hasSuffix("-") {
            key = String(argument.dropLast())
        } else if parts.count == 2, HostLabel.isValue(parts[1]) {
            key = parts[0]
            value = parts[1]
        } else {
            return nil
        }
        guard HostLabel.isKey(key) else { return nil }
    }

    static func change(_ labels: [LabelArgument]) -> HostAdjustment {
        var change = HostAdjustment()
        for label in labels {
            if let value = label.value {
                change.labels[label.key] = value
            } else {
                change.removedLabels.insert(label.key)
            }
        }
        return change
    }
}
