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
