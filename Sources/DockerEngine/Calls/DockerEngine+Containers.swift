import Foundation
import Text

extension DockerEngine {
    /// `ContainerList`: all containers, running or not, that bear every one of the labels.
    /// - Parameter labels: `KEY=VALUE`, or `KEY` for one with any value.
    public func list(labels: [String]) async throws(EngineError) -> [ContainerSummary] {
        let path = "/containers/json?all=true&filters=" + Self.filters(["label": labels])
        let containers: [ContainerListBody] = try decode(
            try await call("GET", path, timeout: EngineLimits.questionTimeout), "GET /containers/json")
        return containers.map { ContainerSummary($0) }
    }

    /// `ContainerCreate`; the new container's identifier.
    /// - Throws: `.notFound` when the image is missing, `.conflict` when the name is taken.
    public func create(name: String, _ spec: ContainerSpec) async throws(EngineError) -> String {
        let body = try await call(
            "POST", "/containers/create?name=\(Self.escape(name))", body: ContainerCreateBody(spec),
            timeout: EngineLimits.createTimeout)
        let created: CreatedBody = try decode(body, "POST /containers/create")
        return created.Id
    }

    /// `ContainerStart`; harmless on a running one.
    public func start(_ container: String) async throws(EngineError) {
        _ = try await call("POST", "/containers/\(Self.escape(container))/start", timeout: EngineLimits.startTimeout)
    }

    /// `ContainerInspect`.
    public func inspect(_ container: String) async throws(EngineError) -> ContainerDetails {
        let body = try await call(
            "GET", "/containers/\(Self.escape(container))/json", timeout: EngineLimits.questionTimeout)
        return ContainerDetails(try decode(body, "GET /containers/\(container)/json"))
    }

    /// `ContainerStop`: SIGTERM, then SIGKILL after `grace`; harmless on a stopped one.
    public func stop(_ container: String, grace: Duration) async throws(EngineError) {
        _ = try await call(
            "POST", "/containers/\(Self.escape(container))/stop?t=\(grace.components.seconds)",
            timeout: EngineLimits.stopTimeout + grace)
    }

    /// `ContainerDelete`, with the volumes that were made for this container alone. Named volumes stay, always: a
    /// learner's files are in one.
    /// - Parameter force: kill it first if it runs.
    public func remove(_ container: String, force: Bool) async throws(EngineError) {
        _ = try await call(
            "DELETE", "/containers/\(Self.escape(container))?force=\(force)&v=true",
            timeout: EngineLimits.removeTimeout)
    }

    /// `ContainerLogs`: the last lines that it wrote, both streams in the order written, cleaned for a person's eyes.
    public func logs(_ container: String, lines: Int) async throws(EngineError) -> [String] {
        let body = try await call(
            "GET", "/containers/\(Self.escape(container))/logs?stdout=true&stderr=true&tail=\(lines)",
            timeout: EngineLimits.questionTimeout)
        return LogFrames.lines(body)
    }
}

/// The multiplexed stream of `ContainerAttach`, which logs come in: 8 bytes of header (stream, 0, 0, 0, length as a
/// big-endian 32-bit number), then that many bytes.
enum LogFrames {
    static func lines(_ stream: [UInt8]) -> [String] {
        var text: [UInt8] = []
        var rest = stream[...]
        while rest.count >= 8 {
            let header = Array(rest.prefix(8))
            let length = header[4...].reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(8)
            text += rest.prefix(length)
            rest = rest.dropFirst(length)
        }
        return String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { VisibleText.stripped($0) }
    }
}
