import HTTPWire

/// What the portal needs to know in addition to the broker.
public struct PortalConfiguration: Sendable {
    /// The portal's name in links and sessions.
    public var name: String
    /// The title that learners read at the top of every page.
    public var title: String
    public var labsDomain: String
    /// The port that browsers use; left out of origins when it is 443.
    public var publicPort: Int
    /// The program's version, for `GET /v1/status`.
    public var version: String
    /// The origins whose pages may show the portal and its labs in a frame, such as `https://courses.example.org`.
    public var embeddedIn: [String] = []
    /// The maximum sum of all extensions of one run when an instructor extends it; zero: instructors cannot extend.
    public var instructorExtension = Self.instructorExtensionDefault

    /// The contact for learners when they cannot fix something themselves.
    public var contact: Contact?

    public static let instructorExtensionDefault = Duration.seconds(4 * 3600)

    public init(name: String, title: String, labsDomain: String, publicPort: Int, version: String) {
        self.name = name
        self.title = title
        self.labsDomain = labsDomain
        self.publicPort = publicPort
        self.version = version
    }

    /// The labs' origins as a Content-Security-Policy source.
    var labsOrigin: String { "https://*.\(labsDomain)" + (publicPort == 443 ? "" : ":\(publicPort)") }
}
