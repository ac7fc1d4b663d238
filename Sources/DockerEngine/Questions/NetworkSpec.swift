/// A bridge network that isolates its containers from each other.
public struct NetworkSpec: Hashable, Sendable {
    public var name: String
    /// Labels that mark it as ours; a network of this name without them is neither modified nor used.
    public var labels: [String: String]
    /// The name of the bridge's interface on the host, at most 15 bytes; nil to let the engine choose.
    public var bridge: String?
    /// If false, packets leave the host without address translation, so that nothing outside can answer.
    public var masquerade: Bool

    public init(name: String, labels: [String: String], bridge: String? = nil, masquerade: Bool) {
        self.name = name
        self.bridge = bridge
        self.labels = labels
        self.masquerade = masquerade
    }
}
