// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation

/// The body of `ContainerCreate` for a mount keeper.
struct MountKeeperBody: Encodable {
    struct BindOptions: Encodable {
        var Propagation: String
    }

    struct MountBody: Encodable {
        var `Type` = "bind"
        var Source: String
        var Target: String
        var BindOptions: BindOptions
    }

    struct HostConfigBody: Encodable {
        var CapDrop: [String]?
        var CapAdd: [String]?
        var SecurityOpt: [String]
        var PidMode: String?
        var NetworkMode = "none"
        var Init = true
        var ReadonlyRootfs = true
        var Mounts: [MountBody]
        var PidsLimit = EngineLimits.mountKeeperProcesses
        var Memory = EngineLimits.mountKeeperMemory
        var LogConfig = ContainerCreateBody.LogConfigBody()
        var RestartPolicy = ContainerCreateBody.RestartPolicyBody()
    }

    var Image: String
    var Entrypoint: [String] = []
    var Cmd: [String]
    var User = "0:0"
    var WorkingDir = "/"
    var Labels: [String: String]
    var HostConfig: HostConfigBody

    init(_ spec: MountKeeperSpec) {
        Image = spec.image
        Cmd = spec.command
        Labels = spec.labels
        switch spec.reach {
        case .directories(let shared, let others):
            // AppArmor's default profile forbids every mount, whatever the capabilities.
            HostConfig = HostConfigBody(
                CapDrop: ["ALL"], CapAdd: ["SYS_ADMIN", "CHOWN", "DAC_OVERRIDE"],
                SecurityOpt: ["no-new-privileges", "apparmor=unconfined"],
                Mounts: [MountBody(Source: shared, Target: shared, BindOptions: BindOptions(Propagation: "rshared"))]
                    + others.map {
                        MountBody(Source: $0, Target: $0, BindOptions: BindOptions(Propagation: "rprivate"))
                    })
        case .host:
            // What entering another process's mounts takes (setns(2)), and making a directory there.
            HostConfig = HostConfigBody(
                CapDrop: ["ALL"], CapAdd: ["SYS_ADMIN", "SYS_CHROOT", "SYS_PTRACE", "DAC_OVERRIDE"],
                SecurityOpt: ["no-new-privileges", "apparmor=unconfined"], PidMode: "host", Mounts: [])
        }
    }
}

/// The bodies of `ContainerExec` and `ExecStart`, and the answer of `ExecInspect`.
struct ExecBody: Encodable {
    var AttachStdout = true
    var AttachStderr = true
    var Cmd: [String]
}

struct ExecStartBody: Encodable {
    var Detach = false
    var Tty = false
}

struct ExecStateBody: Decodable {
    var Running: Bool
    var ExitCode: Int?
}

/// `ContainerWait`.
struct WaitBody: Decodable {
    var StatusCode: Int
}

extension DockerEngine {
    /// `ContainerCreate` and `ContainerStart` of a mount keeper.
    /// - Throws: `.conflict` when the name is taken.
    public func startMountKeeper(name: String, _ spec: MountKeeperSpec) async throws(EngineError) {
        _ = try await call(
            "POST", "/containers/create?name=\(Self.escape(name))", body: MountKeeperBody(spec),
            timeout: EngineLimits.createTimeout)
        try await start(name)
    }

    /// `ContainerWait`: how a container that ends by itself has ended.
    public func wait(_ container: String, timeout: Duration) async throws(EngineError) -> Int {
        let body = try await call("POST", "/containers/\(Self.escape(container))/wait", timeout: timeout)
        let answer: WaitBody = try decode(body, "POST /containers/\(container)/wait")
        return answer.StatusCode
    }

    /// `ContainerExec`, `ExecStart` and `ExecInspect`: runs a command in a container to its end. What it wrote, both
    /// streams in the order written, and its exit code.
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
