import ArgumentParser
import BrokerCore
import Testing

@testable import carrel

@Suite("The commands that change hosts") struct HostCommandTests {
    private func parsed<Command: ParsableCommand>(_ arguments: [String], as type: Command.Type) throws -> Command {
        try #require(try Carrel.parseAsRoot(arguments) as? Command)
    }

    @Test("host add takes what a host of the configuration has; relative files start where it is called")
    func add() throws {
        let command = try parsed(
            [
                "host", "add", "four", "--endpoint", "tcp://10.0.0.7:2376", "--ca", "ca.pem", "--certificate", "/c.pem",
                "--key", "../k.pem", "--publish-address", "10.0.0.7", "--slots", "4", "--memory", "2GiB", "--label",
                "gpu=true",
            ], as: HostAdd.self)
        #expect(
            command.entry(folder: "/home/ada")
                == HostEntry(
                    spec: HostSpec(
                        name: "four", slots: 4, memoryBytes: 2 << 30, overcommit: 1, maximumStarts: 8,
                        labels: ["gpu": "true"]),
                    address: HostAddress(
                        endpoint: "tcp://10.0.0.7:2376",
                        identity: HostAddress.Identity(
                            authority: "/home/ada/ca.pem", certificate: "/c.pem", key: "/home/k.pem"),
                        publishAddress: "10.0.0.7")))
    }

    @Test("host set sets labels and takes them away")
    func set() throws {
        let command = try parsed(
            ["host", "set", "one", "--slots", "3", "--memory", "1GiB", "--label", "gpu=true", "--label", "disk-"],
            as: HostSet.self)
        #expect(
            command.change
                == HostAdjustment(slots: 3, memoryBytes: 1 << 30, labels: ["gpu": "true"], removedLabels: ["disk"]))
    }

    @Test(
        "invalid options of the host commands are usage errors",
        arguments: [
            ["host", "set", "one"], ["host", "set", "one", "--label", "GPU=true"],
            ["host", "set", "one", "--label", "gpu"], ["host", "set", "one", "--label", "gpu="],
            ["host", "set", "one", "--memory", "12"],
            ["host", "add", "x", "--endpoint", "unix:///s", "--slots", "1", "--memory", "1GiB", "--label", "gpu-"],
            ["host", "add", "x", "--endpoint", "tcp://10.0.0.7:2376", "--slots", "1", "--memory", "1GiB"],
            ["host", "add", "x", "--endpoint", "unix:///s", "--slots", "1", "--memory", "1GiB", "--ca", "ca.pem"],
            [
                "host", "add", "x", "--endpoint", "unix:///s", "--slots", "1", "--memory", "1GiB", "--publish-address",
                "elsewhere",
            ],
            ["host", "remove", "x", "--drain", "--deadline", "8d"], ["host", "drain", "a", "a"], ["host", "drain"],
            ["host", "drain", "a", "b", "--max-unavailable", "0"],
        ])
    func usage(arguments: [String]) {
        let error = #expect(throws: (any Error).self) { _ = try Carrel.parseAsRoot(arguments) }
        if let error { #expect(Carrel.exitCode(for: error).rawValue == 64) }
    }
}
