/// The only container of ours that may mount: it attaches learners' homes to labs that run already. No lab is ever made
/// of this, and nothing of a learner's runs in it.
public struct MountKeeperSpec: Hashable, Sendable {
    public enum Reach: Hashable, Sendable {
        /// It sees these directories of the host, the first with mounts going both ways (`rshared`), and may mount
        /// (`CAP_SYS_ADMIN`) and give directories away (`CAP_CHOWN`); nothing else.
        case directories(shared: String, others: [String])
        /// The host's own processes, and by them its mounts: to make a directory a shared mount, once.
        case host
    }

    public var image: String
    public var command: [String]
    public var labels: [String: String]
    public var reach: Reach

    public init(image: String, command: [String], labels: [String: String], reach: Reach) {
        self.image = image
        self.command = command
        self.labels = labels
        self.reach = reach
    }
}
