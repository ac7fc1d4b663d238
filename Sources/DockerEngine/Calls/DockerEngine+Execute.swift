// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// The bodies of `ContainerExec` and `ExecStart`, and the response of `ExecInspect`.
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
    /// `ContainerWait`: waits for a container that ends by itself, and returns its exit code.
    public func wait(_ container: String, timeout: Duration) async throws(EngineError) -> Int {
        let body = try await call("POST", "/containers/\(Self.escape(container))/wait", timeout: timeout)
        let answer: WaitBody = try decode(body, "POST /containers/\(container)/wait")
        return answer.StatusCode
    }

    /// `ContainerExec`, `ExecStart` and `ExecInspect`: runs a command in a container until it ends. Returns its output,
    /// both streams in the order written, and its exit code.
    /// - Throws: `.notFound` if there is no such container, `.conflict` if it is not running.
    public func execute(
        _ command: [String], in container: String, timeout: Duration
    ) async throws(EngineError) -> (lines: [String], code: Int) {
        let made = try await call(
            "POST", "/containers/\(Self.escape(container))/exec", body: ExecBody(Cmd: command),
            timeout: EngineLimits.createTimeout)
        let exec: CreatedBody = try decode(made, "POST /containers/\(container)/exec")
        // Without an upgrade the engine sends the command's output, and closes the connection when it ends.
        let output = try await call("POST", "/exec/\(exec.Id)/start", body: ExecStartBody(), timeout: timeout)
        let state: ExecStateBody = try decode(
            try await call("GET", "/exec/\(exec.Id)/json", timeout: EngineLimits.questionTimeout),
            "GET /exec/\(exec.Id)/json")
        return (LogFrames.lines(output), state.ExitCode ?? -1)
    }
}
