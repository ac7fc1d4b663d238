// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// The bodies of `ContainerExec` and `ExecStart`, and the answer of `ExecInspect`.
private struct ExecBody: Encodable {
    var AttachStdout = true
    var AttachStderr = true
    var Cmd: [String]
}

private struct ExecStartBody: Encodable {
    var Detach = false
    var Tty = false
}

private struct ExecStateBody: Decodable {
    var Running: Bool
    var ExitCode: Int?
}

/// `ContainerWait`.
private struct WaitBody: Decodable {
    var StatusCode: Int
}

extension DockerEngine {
    /// `ContainerWait`: how a container that ends by itself has ended.
    public func wait(_ container: String, timeout: Duration) async throws(EngineError) -> Int {
        let body = try await call("POST", "/containers/\(Self.escape(container))/wait", timeout: timeout)
        let answer: WaitBody = try decode(body, "POST /containers/\(container)/wait")
        return answer.StatusCode
    }

    /// `ContainerExec`, `ExecStart` and `ExecInspect`: runs a command in a container to its end. What it wrote, both
    /// streams in the order written, and its exit code.
    /// - Throws: `.notFound` when there is no such container, `.conflict` when it does not run.
    public func execute(
        _ command: [String], in container: String, timeout: Duration
    ) async throws(EngineError) -> (lines: [String], code: Int) {
        let made = try await call(
            "POST", "/containers/\(Self.escape(container))/exec", body: ExecBody(Cmd: command),
            timeout: EngineLimits.createTimeout)
        let exec: CreatedBody = try decode(made, "POST /containers/\(container)/exec")
        // Without an upgrade the engine writes what the command writes, and closes at its end.
        let output = try await call("POST", "/exec/\(exec.Id)/start", body: ExecStartBody(), timeout: timeout)
        let state: ExecStateBody = try decode(
            try await call("GET", "/exec/\(exec.Id)/json", timeout: EngineLimits.questionTimeout),
            "GET /exec/\(exec.Id)/json")
        return (LogFrames.lines(output), state.ExitCode ?? -1)
    }
}
