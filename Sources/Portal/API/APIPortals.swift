import Broker
import BrokerCore
import EventLoop
import Identity

/// What a command says about a portal, in the form of an element of the configuration's `portals`. What is left out has
/// the configuration's default.
public struct APIPortalSettings: Hashable, Sendable, Codable {
    public struct Certificate: Hashable, Sendable, Codable {
        public var certificate: String
        public var key: String

        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    public struct Quota: Hashable, Sendable, Codable {
        public var sessions: Int?
        public var seats: Int?
        /// Such as `200GiB`.
        public var memory: String?

        public init(sessions: Int?, seats: Int?, memory: String?) {
            self.sessions = sessions
            self.seats = seats
            self.memory = memory
        }
    }

    public struct Colours: Hashable, Sendable, Codable {
        /// Such as `#1c6357`.
        public var accent: String
        public var accentDark: String?

        public init(accent: String, accentDark: String?) {
            self.accent = accent
            self.accentDark = accentDark
        }
    }

    public var name: PortalID?
    public var hostname: String?
    public var title: String?
    public var contact: String?
    public var embeddedIn: [String]?
    /// Such as `90m`.
    public var instructorExtension: String?
    /// Names of shared labs.
    public var labs: [String]?
    public var labsDomain: String?
    /// Absolute paths.
    public var tls: Certificate?
    public var homes: String?
    public var quota: Quota?
    /// An absolute path.
    public var logo: String?
    public var colours: Colours?

    public init() {}

    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(
            APIPortalSettings.self, from: body, example: "{\"name\":\"acme\",\"hostname\":\"acme.example.org\"}")
    }

    /// The contents of the portal's file.
    public var text: String { String(decoding: APICoding.encode(self, pretty: true), as: UTF8.self) }

    /// - Parameter text: the contents of a portal's file.
    public init(text: String) throws {
        self = try APICoding.decode(APIPortalSettings.self, from: Array(text.utf8))
    }

    /// These settings with those of a change, and without those that the change takes back.
    public func changed(by change: APIPortalChange) -> APIPortalSettings {
        var all = self
        let new = change.settings
        all.hostname = new.hostname ?? all.hostname
        all.title = change.resets("title") ? nil : new.title ?? all.title
        all.contact = change.resets("contact") ? nil : new.contact ?? all.contact
        all.embeddedIn = change.resets("embedded_in") ? nil : new.embeddedIn ?? all.embeddedIn
        all.instructorExtension =
            change.resets("instructor_extension") ? nil : new.instructorExtension ?? all.instructorExtension
        all.labs = change.resets("labs") ? nil : new.labs ?? all.labs
        all.labsDomain = change.resets("labs_domain") ? nil : new.labsDomain ?? all.labsDomain
        all.tls = change.resets("tls") ? nil : new.tls ?? all.tls
        all.homes = change.resets("homes") ? nil : new.homes ?? all.homes
        all.logo = change.resets("logo") ? nil : new.logo ?? all.logo
        all.colours = change.resets("colours") ? nil : new.colours ?? all.colours
        let former = change.resets("quota") ? nil : all.quota
        let quota = Quota(
            sessions: new.quota?.sessions ?? former?.sessions, seats: new.quota?.seats ?? former?.seats,
            memory: new.quota?.memory ?? former?.memory)
        all.quota = quota == Quota(sessions: nil, seats: nil, memory: nil) ? nil : quota
        return all
    }
}

/// The body of `POST /v1/portals/NAME/set`.
public struct APIPortalChange: Hashable, Sendable, Codable {
    public var settings: APIPortalSettings
    /// The keys that return to the configuration's default.
    public var reset: [String]?

    /// The keys that can be reset.
    public static let keys = [
        "title", "contact", "embedded_in", "instructor_extension", "labs", "labs_domain", "tls", "homes", "quota",
        "logo", "colours",
    ]

    public init(_ settings: APIPortalSettings, reset: [String]) {
        self.settings = settings
        self.reset = reset.isEmpty ? nil : reset
    }

    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(
            APIPortalChange.self, from: body, example: "{\"settings\":{\"title\":\"Acme\"},\"reset\":[\"quota\"]}")
        if let wrong = reset?.first(where: { !Self.keys.contains($0) }) {
            throw APIRefusal.bad(
                "reset has \"\(wrong)\"; what can be reset is \(Self.keys.joined(separator: ", ")).")
        }
        if settings.name != nil { throw APIRefusal.bad("A portal keeps its name; leave it out of settings.") }
    }

    func resets(_ key: String) -> Bool { reset?.contains(key) ?? false }
}

/// A portal, for operators.
public struct APIPortal: Hashable, Sendable, Codable {
    public var name: PortalID
    /// Where learners begin, such as `https://portal.example.org`.
    public var origin: String
    public var title: String
    public var labsDomain: String
    /// The labs of its catalogue, by name.
    public var labs: [String]
    /// Whether a command has added it; otherwise the configuration has it.
    public var isAdded: Bool
    /// Sessions that are not over, and its quota of them.
    public var sessions: Int
    public var sessionsQuota: Int?
    public var seats: Int
    public var seatsQuota: Int?
    /// What its seats are charged, in bytes.
    public var memoryBytes: Int64
    public var memoryQuotaBytes: Int64?

    public init(
        name: PortalID, origin: String, title: String, labsDomain: String, labs: [String], isAdded: Bool,
        use: PortalUse, quota: PortalQuota
    ) {
        self.name = name
        self.origin = origin
        self.title = title
        self.labsDomain = labsDomain
        self.labs = labs
        self.isAdded = isAdded
        sessions = use.sessions
        sessionsQuota = quota.sessions
        seats = use.seats
        seatsQuota = quota.seats
        memoryBytes = use.memoryBytes
        memoryQuotaBytes = quota.memoryBytes
    }
}

/// The answer to `GET /v1/portals`.
public struct APIPortals: Hashable, Sendable, Codable {
    public var portals: [APIPortal]
}

/// The body of `POST /v1/portals/NAME/remove`.
public struct APIPortalRemove: Hashable, Sendable, Codable {
    /// Ends the sessions that it still has; otherwise it is not removed while it has any.
    public var endSessions: Bool?

    public init(endSessions: Bool) { self.endSessions = endSessions }

    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(APIPortalRemove.self, from: body, example: "{\"end_sessions\":true}")
    }
}

/// The configuration as far as commands change it: who keeps the portals.
@ControlLoop
public protocol PortalKeeper: AnyObject {
    /// By name.
    var portals: [APIPortal] { get }
    /// Adds a portal, and remembers it over restarts.
    /// - Throws: what is wrong with the settings, in words for the operator.
    func add(_ settings: APIPortalSettings) throws(BrokerError) -> APIPortal
    /// Changes a portal that was added. One of the configuration is changed there.
    func set(_ id: PortalID, _ change: APIPortalChange) throws(BrokerError) -> APIPortal
    /// Removes a portal that was added.
    func remove(_ id: PortalID, endingSessions: Bool) async throws(BrokerError)
}
