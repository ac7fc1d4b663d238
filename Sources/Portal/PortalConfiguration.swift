import HTTPWire

/// What the portal must know beside the broker.
public struct PortalConfiguration: Sendable {
    /// The portal's name in links and sessions.
    public var name: String
    /// What learners read at the top of every page.
    public var title: String
    public var labsDomain: String
    /// The port that browsers use; left out of origins when it is 443.
    public var publicPort: Int
    /// The program's version, for `GET /v1/status`.
    public var version: String
    /// The origins whose pages may show the portal and its labs in a frame, such as `https://courses.example.org`.
    public var embeddedIn: [String] = []
    /// What all extensions of one run may come to together when an instructor gives one; zero: they give none.
    public var instructorExtension = Self.instructorExtensionDefault

    /// Whom learners turn to where something is beyond them.
    public var contact: Contact?

    public static let instructorExtensionDefault = Duration.seconds(4 * 3600)

    public init(name: String, title: String, labsDomain: String, publicPort: Int, version: String) {
        self.name = name
        self.title = title
        self.labsDomain = labsDomain
        self.publicPort = publicPort
        self.version = version
    }

    /// The labs' origins as a source of a Content-Security-Policy.
    var labsOrigin: String { "https://*.\(labsDomain)" + (publicPort == 443 ? "" : ":\(publicPort)") }
}
