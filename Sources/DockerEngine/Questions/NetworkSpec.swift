/// A bridge without traffic between its containers.
public struct NetworkSpec: Hashable, Sendable {
    public var name: String
    /// What marks it as ours; a network of this name without them is not touched and not used.
    public var labels: [String: String]
    /// The name of the bridge's interface on the host, at most 15 bytes; nil: the engine makes one.
    public var bridge: String?
    /// False: packets leave the host without address translation, so that nothing outside answers.
    public var masquerade: Bool

    public init(name: String, labels: [String: String], bridge: String? = nil, masquerade: Bool) {
        self.name = name
        self.bridge = bridge
        self.labels = labels
        self.masquerade = masquerade
    }
}
