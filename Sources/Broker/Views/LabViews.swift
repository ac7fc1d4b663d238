import BrokerCore
import Identity

/// The progress of a pull of an image on a host.
public struct PullView: Hashable, Sendable, Codable {
    public enum State: String, Hashable, Sendable, Codable {
        case pulling, done, failed
    }

    public var state: State
    public var layersDone = 0
    public var layers = 0
    /// Bytes downloaded, and in total, of the layers whose size is known so far.
    public var bytes: Int64 = 0
    public var totalBytes: Int64 = 0
    /// The engine's latest status message, or the reason of a failure.
    public var message = ""

    public init(state: State) { self.state = state }
}

/// A lab's image on one host.
public struct LabImageView: Hashable, Sendable, Codable {
    public var host: String
    public var hostState: HostState
    /// `present`, `missing`, or `unknown` until the host has reported.
    public var presence: ImageSurvey.Presence
    public var imageId: String?
    /// When the image was built.
    public var createdAt: Timestamp?
    /// Whether it differs from the image that most hosts have under this name.
    public var differs: Bool
    /// The last pull since the broker started, if any.
    public var pull: PullView?
}

/// A lab of the catalogue, as operators see it.
public struct LabView: Hashable, Sendable, Codable {
    public var portal: PortalID
    public var name: String
    public var title: String
    public var kind: LabKind
    public var image: String
    public var memoryBytes: Int64
    /// The measured use of its sessions.
    public var profile: LabProfileView
    public var requires: [String: String]
    /// The image that most hosts have under this name.
    public var imageId: String?
    /// The hosts that could ever serve it, by name.
    public var hosts: [LabImageView]
}
