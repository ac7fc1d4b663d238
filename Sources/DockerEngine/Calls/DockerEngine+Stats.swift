/// The resources that a running container uses, as its engine reads them from the control groups.
public struct ContainerUse: Hashable, Sendable {
    /// The working set in bytes: the memory charged to the container, less inactive file pages, which the kernel
    /// reclaims first. The number that `docker stats` shows.
    public var memoryBytes: Int64
    /// CPU time of all its processes since it was started.
    public var cpuNanoseconds: UInt64

    /// `nil` for a container that is not running, for which the engine reports no memory.
    init?(_ body: ContainerStatsBody) {
        guard let usage = body.memory_stats.usage, usage > 0 else { return nil }
        let inactive = body.memory_stats.stats?.total_inactive_file ?? body.memory_stats.stats?.inactive_file ?? 0
        memoryBytes = Int64(clamping: inactive < usage ? usage - inactive : usage)
        cpuNanoseconds = body.cpu_stats.cpu_usage.total_usage
    }
}

extension DockerEngine {
    /// `ContainerStats`, once, without the second that an engine otherwise waits to compare two readings.
    ///
    /// - Returns: `nil` for a container that is not running.
    /// - Throws: `.notFound` if it is gone.
    public func stats(_ container: String) async throws(EngineError) -> ContainerUse? {
        let body = try await call(
            "GET", "/containers/\(Self.escape(container))/stats?stream=false&one-shot=true",
            timeout: EngineLimits.statsTimeout)
        return ContainerUse(try decode(body, "GET /containers/\(container)/stats"))
    }
}
