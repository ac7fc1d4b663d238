import Foundation
import Text

extension DockerEngine {
    /// `ContainerList`: all containers, running or not, that have all of the labels.
    /// - Parameter labels: `KEY=VALUE`, or `KEY` for any value.
    public func list(labels: [String]) async throws(EngineError) -> [ContainerSummary] {
        let path = "/containers/json?all=true&filters=" + Self.filters(["label": labels])
        let containers: [ContainerListBody] = try decode(
            try await call("GET", path, timeout: EngineLimits.questionTimeout), "GET /containers/json")
        return containers.map { ContainerSummary($0) }
    }

    /// `ContainerCreate`; returns the new container's identifier.
    /// - Throws: `.notFound` if the image is missing, `.conflict` if the name is taken.
    public func create(name: String, _ spec: ContainerSpec) async throws(EngineError) -> String {
        let body = try await call(
            "POST", "/containers/create?name=\(Self.escape(name))", body: ContainerCreateBody(spec),
            timeout: EngineLimits.createTimeout)
        let created: CreatedBody = try decode(body, "POST /containers/create")
        return created.Id
    }

    /// `ContainerStart`; a no-op on a running container.
    public func start(_ container: String) async throws(EngineError) {
        _ = try await call("POST", "/containers/\(Self.escape(container))/start", timeout: EngineLimits.startTimeout)
    }

    /// `ContainerInspect`.
    public func inspect(_ container: String) async throws(EngineError) -> ContainerDetails {
        let body = try await call(
            "GET", "/containers/\(Self.escape(container))/json", timeout: EngineLimits.questionTimeout)
        return ContainerDetails(try decode(body, "GET /containers/\(container)/json"))
    }

    /// `ContainerStop`: SIGTERM, then SIGKILL after `grace`; a no-op on a stopped container.
    public func stop(_ container: String, grace: Duration) async throws(EngineError) {
        _ = try await call(
            "POST", "/containers/\(Self.escape(container))/stop?t=\(grace.components.seconds)",
            timeout: EngineLimits.stopTimeout + grace)
    }

    /// `ContainerDelete`, including the container's anonymous volumes. Named volumes are never deleted, because
    /// learners' files are in them.
    /// - Parameter force: kill the container first if it is running.
    public func remove(_ container: String, force: Bool) async throws(EngineError) {
        _ = try await call(
            "DELETE", "/containers/\(Self.escape(container))?force=\(force)&v=true",
            timeout: EngineLimits.removeTimeout)
    }

    /// `ContainerLogs`: the last lines that it wrote, both streams in the order written, cleaned for display.
    public func logs(_ container: String, lines: Int) async throws(EngineError) -> [String] {
        let body = try await call(
            "GET", "/containers/\(Self.escape(container))/logs?stdout=true&stderr=true&tail=\(lines)",
            timeout: EngineLimits.questionTimeout)
        return LogFrames.lines(body)
    }
}

/// The multiplexed stream of `ContainerAttach`, which is also the format of logs: an 8-byte header (stream, 0, 0, 0,
/// length as a big-endian 32-bit number), then that many bytes.
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
