/// What a running container uses, as its engine reads it from the control groups.
public struct ContainerUse: Hashable, Sendable {
    /// The working set in bytes: what is charged to the container, less the file pages that nobody has used lately, which
    /// the kernel takes back first. What `docker stats` shows.
    public var memoryBytes: Int64
    /// CPU time of all its processes since it was started.
    public var cpuNanoseconds: UInt64

    /// `nil` for a container that does not run: of that the engine tells no memory.
    init?(_ body: ContainerStatsBody) {
        guard let usage = body.memory_stats.usage, usage > 0 else { return nil }
        let inactive = body.memory_stats.stats?.total_inactive_file ?? body.memory_stats.stats?.inactive_file ?? 0
        memoryBytes = Int64(clamping: inactive < usage ? usage - inactive : usage)
        cpuNanoseconds = body.cpu_stats.cpu_usage.total_usage
    }
}

extension DockerEngine {
    /// `ContainerStats`, once and without the second for which an engine otherwise waits to compare two readings.
    ///
    /// - Returns: `nil` for a container that does not run.
    /// - Throws: `.notFound` when it is gone.
    public func stats(_ container: String) async throws(EngineError) -> ContainerUse? {
        let body = try await call(
            "GET", "/containers/\(Self.escape(container))/stats?stream=false&one-shot=true",
            timeout: EngineLimits.statsTimeout)
        return ContainerUse(try decode(body, "GET /containers/\(container)/stats"))
    }
}
