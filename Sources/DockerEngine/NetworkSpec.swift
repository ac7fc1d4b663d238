/// A bridge without traffic between its containers.
public struct NetworkSpec: Hashable, Sendable {
    public var name: String
    /// What marks it as ours; a network of this name without them is not touched and not used.
    public var labels: [String: String]
    /// False: packets leave the host without address translation, so that nothing outside answers.
    public var masquerade: Bool

    public init(name: String, labels: [String: String], masquerade: Bool) {
        self.name = name
        self.labels = labels
        self.masquerade = masquerade
    }
}

/// The body of `NetworkCreate`.
struct NetworkCreateBody: Encodable {
    var Name: String
    var CheckDuplicate = true
    var Driver = "bridge"
    var Labels: [String: String]
    var Options: [String: String]

    init(_ spec: NetworkSpec) {
        Name = spec.name
        Labels = spec.labels
        Options = [
            "com.docker.network.bridge.enable_icc": "false",
            "com.docker.network.bridge.enable_ip_masquerade": spec.masquerade ? "true" : "false",
        ]
    }
}

struct NetworkBody: Decodable {
    var Id: String
    var Labels: [String: String]?
}

/// The body of `VolumeCreate`.
struct VolumeCreateBody: Encodable {
    var Name: String
    var Labels: [String: String]
}
