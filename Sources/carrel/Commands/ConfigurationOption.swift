import ArgumentParser
import Configuration
import Foundation

/// The option that names the configuration file.
struct ConfigurationOption: ParsableArguments {
    @Option(
        name: [.customShort("c"), .customLong("config")],
        help: ArgumentHelp("The configuration file.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var path: String?

    static let variable = "CARREL_CONFIG"
    /// Tried in this order if no file is named.
    static let usualPaths = [".carrel/carrel.yaml", "carrel.yaml", "/etc/carrel/carrel.yaml"]

    /// The path of the configuration file; whether it is readable shows when it is read.
    func resolvedPath(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        exists: (String) -> Bool = FileManager.default.fileExists(atPath:)
    ) throws(CommandFailure) -> String {
        if let path { return path }
        if let named = environment[Self.variable], !named.isEmpty { return named }
        if let usual = Self.usualPaths.first(where: exists) { return usual }
        throw CommandFailure(
            "there is no configuration: none of \(Self.usualPaths.joined(separator: ", ")) exists; name one with --config or "
                + "$\(Self.variable)")
    }

    func load() throws -> Configuration {
        let path = try resolvedPath()
        do { return try Configuration(contentsOf: path) } catch { throw CommandFailure(Self.explain(error)) }
    }

    /// The problems, one per line.
    static func explain(_ error: InvalidConfiguration) -> String {
        let count = error.problems.count
        return "the configuration has \(count == 1 ? "a problem" : "\(count) problems")\n\(error)"
    }
}

/// The option that selects output for programs instead of people.
struct JSONOption: ParsableArguments {
    @Flag(help: "Print JSON, for programs. Fields are only ever added; times are milliseconds since 1970.")
    var json = false
}
