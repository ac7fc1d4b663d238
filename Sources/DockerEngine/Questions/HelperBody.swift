// swift-format-ignore-file: AlwaysUseLowerCamelCase

import HelperImage
import TLS

/// The body of `ContainerCreate` for a helper.
struct HelperBody: Encodable {
    struct MountBody: Encodable {
        struct BindOptionsBody: Encodable {
            var Propagation: String
        }

        var `Type`: String
        var Source: String
        var Target: String
        var ReadOnly = false
        var BindOptions: BindOptionsBody?
    }

    struct HostConfigBody: Encodable {
        var CapDrop = ["ALL"]
        var CapAdd: [String]
        var SecurityOpt: [String]
        var NetworkMode: String
        var IpcMode = "none"
        var ReadonlyRootfs = true
        var Mounts: [MountBody]
        var PidsLimit = EngineLimits.helperProcesses
        var Memory = EngineLimits.helperMemory
        var MemorySwap = EngineLimits.helperMemory
        var OomScoreAdj: Int
        var LogConfig = ContainerCreateBody.LogConfigBody()
        var RestartPolicy = ContainerCreateBody.RestartPolicyBody()
    }

    /// The label whose value is a digest of all other members, by which a helper of another version is recognised.
    static let digestLabel = "carrel.helper"

    /// An identifier, never a name, which could come to refer to another image.
    var Image: String
    var Entrypoint = [HelperImage.program]
    var Cmd: [String]
    var Env: [String] = []
    var User: String
    var WorkingDir = "/"
    var Labels: [String: String]
    var StopTimeout = 1
    var Healthcheck = ContainerCreateBody.HealthcheckBody()
    var HostConfig: HostConfigBody

    init(_ spec: HelperSpec, imageID: String) {
        Image = imageID
        Cmd = spec.command
        User = spec.user
        Labels = spec.labels
        if Labels[HelperImage.label.key] == nil { Labels[HelperImage.label.key] = HelperImage.label.value }
        let mounts = spec.capabilities.contains(.systemAdministration)
        HostConfig = HostConfigBody(
            CapAdd: spec.capabilities.map(\.rawValue).sorted(),
            // AppArmor's default profile forbids every mount, regardless of capabilities.
            SecurityOpt: ["no-new-privileges"] + (mounts ? ["apparmor=unconfined"] : []),
            NetworkMode: Self.mode(spec.network), Mounts: spec.mounts.map { MountBody($0) },
            OomScoreAdj: spec.isEssential ? EngineLimits.helperOutOfMemoryScore : 0)
        Labels[Self.digestLabel] = String(SHA256.digest(DockerEngine.encode(self)).hex.prefix(32))
    }

    private static func mode(_ network: HelperSpec.Network) -> String {
        switch network {
        case .none: "none"
        case .host: "host"
        case .named(let name): name
        }
    }
}

extension HelperBody.MountBody {
    init(_ mount: HelperSpec.Mount) {
        switch mount {
        case .volume(let name, let destination):
            self.init(Type: "volume", Source: name, Target: destination)
        case .directory(let source, let destination, let isReadOnly):
            self.init(
                Type: "bind", Source: source, Target: destination, ReadOnly: isReadOnly,
                BindOptions: .init(Propagation: "rprivate"))
        case .shared(let source, let destination):
            self.init(Type: "bind", Source: source, Target: destination, BindOptions: .init(Propagation: "rshared"))
        case .slot(let source, let destination):
            self.init(Type: "bind", Source: source, Target: destination, BindOptions: .init(Propagation: "rslave"))
        }
    }
}
