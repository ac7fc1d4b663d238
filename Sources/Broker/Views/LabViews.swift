import BrokerCore

/// How a pull of an image on a host stands.
public struct PullView: Hashable, Sendable, Codable {
    public enum State: String, Hashable, Sendable, Codable {
        case pulling, done, failed
    }

    public var state: State
    public var layersDone = 0
    public var layers = 0
    /// Downloaded, of the layers whose size is known by now.
    public var bytes: Int64 = 0
    public var totalBytes: Int64 = 0
    /// The engine's last word; why it failed.
    public var message = ""

    public init(state: State) { self.state = state }
}

/// A lab's image on one host.
public struct LabImageView: Hashable, Sendable, Codable {
    public var host: String
    public var hostState: HostState
    /// `present`, `missing`, or `unknown` until the host has told.
    public var presence: ImageSurvey.Presence
    public var imageId: String?
    /// When the image was built.
    public var createdAt: Timestamp?
    /// It is another image than most hosts have under this name.
    public var differs: Bool
    /// The last pull since the broker began, if there was one.
    public var pull: PullView?
}

/// A lab of the catalogue, as operators see it.
public struct LabView: Hashable, Sendable, Codable {
    public var name: String
    public var title: String
    public var kind: LabKind
    public var image: String
    public var memoryBytes: Int64
    /// What its sessions were measured to use.
    public var profile: LabProfileView
    public var requires: [String: String]
    /// What most hosts have under the image's name.
    public var imageId: String?
    /// The hosts that could ever serve it, by name.
    public var hosts: [LabImageView]
}
