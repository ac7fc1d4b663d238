import HTTPWire
import Identity
import Words

/// A portal's pages: what they need to know in addition to the broker.
public struct PortalConfiguration: Hashable, Sendable {
    public var id: PortalID
    /// In lower case, without port.
    public var hostname: String
    /// The title that learners read at the top of every page.
    public var title: String
    public var labsDomain: String
    /// The port that browsers use; left out of origins when it is 443.
    public var publicPort: Int
    /// The origins whose pages may show the portal and its labs in a frame, such as `https://courses.example.org`.
    public var embeddedIn: [String] = []
    /// The maximum sum of all extensions of one run when an instructor extends it; zero: instructors cannot extend.
    public var instructorExtension = Self.instructorExtensionDefault

    /// The contact for learners when they cannot fix something themselves.
    public var contact: Contact?
    public var brand = Brand()
    /// The language of pages, and of what programs of a lab's own page are told.
    public var language = LanguageChoice.browser

    public static let instructorExtensionDefault = Duration.seconds(4 * 3600)

    public init(id: PortalID, hostname: String, title: String, labsDomain: String, publicPort: Int) {
        self.id = id
        self.hostname = hostname
        self.title = title
        self.labsDomain = labsDomain
        self.publicPort = publicPort
    }

    /// The labs' origins as a Content-Security-Policy source.
    var labsOrigin: String { "https://*.\(labsDomain)" + (publicPort == 443 ? "" : ":\(publicPort)") }
}
