/// The image that a host has under a lab's image reference.
public struct HostImage: Hashable, Sendable {
    /// The image's content identifier: the same on two hosts if the contents are the same.
    public var id: String
    /// When it was built.
    public var createdAt: Timestamp?

    public init(id: String, createdAt: Timestamp? = nil) {
        self.id = id
        self.createdAt = createdAt
    }
}

/// Which hosts have a lab's image, and whether it is the same everywhere: one reference may name a different image on
/// each host.
public struct ImageSurvey: Hashable, Sendable {
    public enum Presence: String, Hashable, Sendable, Codable {
        case present, missing
        /// The host has not reported yet.
        case unknown
    }

    public struct Finding: Hashable, Sendable {
        public var host: String
        public var presence: Presence
        public var image: HostImage?
        /// Whether it differs from the image that most hosts have.
        public var differs: Bool
    }

    /// The image that most hosts have; in a tie, the newest.
    public var usual: String?
    /// Sorted by the host's name.
    public var findings: [Finding]

    init(_ images: [(host: String, image: HostImage??)]) {
        let present = images.compactMap { $0.image ?? nil }
        var count: [String: Int] = [:]
        var built: [String: Timestamp] = [:]
        for image in present {
            count[image.id, default: 0] += 1
            if let createdAt = image.createdAt { built[image.id] = max(createdAt, built[image.id] ?? createdAt) }
        }
        let oldest = Timestamp(milliseconds: .min)
        let usual = count.keys.max { a, b in
            (count[a]!, built[a] ?? oldest, a) < (count[b]!, built[b] ?? oldest, b)
        }
        self.usual = usual
        findings = images.map { host, image in
            switch image {
            case nil: Finding(host: host, presence: .unknown, image: nil, differs: false)
            case .some(nil): Finding(host: host, presence: .missing, image: nil, differs: false)
            case .some(let image?): Finding(host: host, presence: .present, image: image, differs: image.id != usual)
            }
        }
    }
}

extension BrokerCore {
    /// Covers the hosts that could ever serve the lab. O(hosts).
    public func imageSurvey(of lab: Lab) -> ImageSurvey {
        ImageSurvey(
            hosts.filter { $0.settings.isConfigured && $0.spec.couldServe(lab) }
                .map { ($0.name, $0.settings.images[lab.image]) })
    }

    /// The labs of the catalogue, by name.
    public var labs: [Lab] { catalogue.labs.values.sorted { $0.key < $1.key } }

    /// Whether every host that could serve the lab (for a bound session, only its host) is believed to lack the image.
    func isImageNowhere(_ lab: Lab, boundTo bound: String?) -> Bool {
        hosts.allSatisfy {
            !$0.settings.isConfigured || $0.settings.isLost || (bound != nil && $0.name != bound)
                || !$0.spec.couldServe(lab) || $0.lacksImage(of: lab)
        }
    }

    /// The hosts that placement considers, given what is known about images: those that have the lab's image, or if
    /// none is seen to have it, those that have not reported it missing since. A session bound to a host has no choice.
    func hostsEligible(for lab: Lab, boundTo bound: String?) -> (HostRecord) -> Bool {
        let isUnseen = bound != nil || isImageNowhere(lab, boundTo: nil)
        let (key, image) = (lab.key, lab.image)
        return { host in
            isUnseen ? !host.settings.lackingLabs.contains(key) : !host.lacks(key, image: image)
        }
    }

    /// Why a lab that failed to start because its image was missing cannot start on any other host either.
    func imageIsNowhere(_ lab: Lab, _ learner: LearnerKey, besides: SessionID) -> FailReason? {
        let bound = boundHost(of: learner, for: lab.key, besides: besides)
        guard isImageNowhere(lab, boundTo: bound) else { return nil }
        return .imageNowhere(image: lab.image, lab: lab.name, home: bound)
    }
}
