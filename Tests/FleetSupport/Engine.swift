import Foundation
import Programs

/// A real Docker Engine that `Scripts/test` started for the tests, inspected with the ordinary `docker` command: the
/// facts about a host must not come from the product under test.
struct Engine: Sendable, Decodable {
    var name: String
    /// `unix:///path` or `tcp://address:port`.
    var endpoint: String
    var publishAddress: String
    /// The authority and the client certificate for a `tcp://` endpoint.
    var ca: String?
    var certificate: String?
    var key: String?

    private static let variable = "CARREL_TEST_ENGINES"

    /// The engines of this run; empty if it was given none.
    static let all: [Engine] = {
        guard let path = ProcessInfo.processInfo.environment[variable], !path.isEmpty else { return [] }
        guard let data = FileManager.default.contents(atPath: path),
            let engines = try? JSONDecoder().decode([Engine].self, from: data)
        else { fatalError("\(variable) names \(path), which is no list of engines") }
        return engines
    }()

    var isUnix: Bool { endpoint.hasPrefix("unix://") }
    var socketPath: String { String(endpoint.dropFirst("unix://".count)) }

    @discardableResult
    func docker(_ arguments: String..., within limit: Duration = .seconds(60)) async throws -> String {
        try await docker(arguments, within: limit)
    }

    @discardableResult
    func docker(_ arguments: [String], within limit: Duration = .seconds(60)) async throws -> String {
        var command = ["docker", "-H", endpoint]
        if let ca, let certificate, let key, !isUnix {
            command += ["--tlsverify", "--tlscacert", ca, "--tlscert", certificate, "--tlskey", key]
        }
        return try await Command(command + arguments).succeed(within: limit)
    }

    private func lines(_ output: String) -> [String] { output.split(separator: "\n").map(String.init) }

    /// A container of an instance of Carrel.
    struct Container: Sendable, Hashable {
        var id: String
        var name: String
        var session: String
        var epoch: String
        /// `created`, `running`, `exited`, …
        var state: String
    }

    func containers(instance: String) async throws -> [Container] {
        let format = #"{{.ID}}|{{.Names}}|{{.Label "carrel.session"}}|{{.Label "carrel.epoch"}}|{{.State}}"#
        let output = try await docker(
            "ps", "--all", "--no-trunc", "--filter", "label=carrel.instance=\(instance)", "--format", format)
        return lines(output).map { line in
            let parts = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            return Container(id: parts[0], name: parts[1], session: parts[2], epoch: parts[3], state: parts[4])
        }
    }

    func exists(container: String) async throws -> Bool {
        try await !docker("ps", "--all", "--quiet", "--filter", "name=^/?\(container)$").isEmpty
    }

    func exists(network: String) async throws -> Bool {
        try await !docker("network", "ls", "--quiet", "--filter", "name=^\(network)$").isEmpty
    }

    func volumes(instance: String) async throws -> [String] {
        lines(try await docker("volume", "ls", "--quiet", "--filter", "label=carrel.instance=\(instance)"))
    }

    /// The volumes of a container.
    func volumes(of container: String) async throws -> Set<String> {
        let format = #"{{range .Mounts}}{{if eq .Type "volume"}}{{println .Name}}{{end}}{{end}}"#
        return Set(lines(try await docker("inspect", container, "--format", format)))
    }

    /// All volumes, whoever created them.
    func allVolumes() async throws -> [String] { lines(try await docker("volume", "ls", "--quiet")) }

    /// Builds the lab image with another command; its one empty layer takes no time and no space.
    func buildImage(_ name: String, command: [String]) async throws {
        try await buildImage(name, lines: ["CMD \(String(decoding: try JSONEncoder().encode(command), as: UTF8.self))"])
    }

    /// Builds an image like those of jupyter/docker-stacks: its PATH begins with a directory that the learner may
    /// write.
    func buildLikeDockerStacks(_ name: String) async throws {
        try await buildImage(
            name,
            lines: [
                "USER 0", "RUN mkdir -p /opt/conda/bin && chown 1000:1000 /opt/conda /opt/conda/bin",
                "ENV PATH=/opt/conda/bin:$PATH", "VOLUME /opt/conda", "USER 1000:1000",
            ])
    }

    /// Builds the lab image with additional lines of a Dockerfile.
    func buildImage(_ name: String, lines: [String]) async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/fleet-image-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try (["FROM \(Plan.jupyterImage)"] + lines + [""]).joined(separator: "\n")
            .write(toFile: directory + "/Dockerfile", atomically: true, encoding: .utf8)
        try await docker("build", "--quiet", "--tag", name, directory)
    }

    /// Removes the packet filter of an instance, as reloading a firewall does.
    func removeFence(instance: String) async throws {
        let images = lines(try await docker("image", "ls", "--quiet", "--filter", "label=carrel.role=helper"))
        guard let image = images.first else { return }
        try await docker(
            "run", "--rm", "--network", "host", "--cap-drop", "ALL", "--cap-add", "NET_ADMIN", "--entrypoint",
            "/carrel-helper", image, "fence", "carrel_\(instance)")
    }

    /// Removes everything with this instance's label, and nothing else. Its packet filter affects nothing else, and
    /// disappears with the network namespace that the test engine has for itself.
    func removeAll(instance: String, andNetworks hasNoHeir: Bool) async throws {
        guard !instance.isEmpty else { return }
        for container in try await containers(instance: instance) {
            try await docker("rm", "--force", "--volumes", container.id)
        }
        for volume in try await volumes(instance: instance) { try await docker("volume", "rm", "--force", volume) }
        guard hasNoHeir else { return }
        let networks = try await docker("network", "ls", "--quiet", "--filter", "label=carrel.instance=\(instance)")
        for network in lines(networks) { try await docker("network", "rm", network) }
    }
}
