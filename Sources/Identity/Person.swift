/// Who somebody is: an identifier within an issuer, in one portal. A name or an e-mail address identifies nobody.
///
/// Two people are the same only if all three texts have the same bytes; Unicode normalization is not applied (RFC 7519,
/// section 7.3). One human being in two portals is two people.
public struct Person: Hashable, Sendable, Codable {
    public let portal: PortalID
    /// Who vouches for the identifier: the URL of a platform or of an OpenID provider, or `signedLinks`.
    public let issuer: String
    /// The identifier, unique within the issuer.
    public let subject: String

    /// The issuer of people who come by signed links. It is no URL, so that no platform can have the same.
    public static let signedLinks = "signed-link"

    public init(portal: PortalID, issuer: String, subject: String) {
        self.portal = portal
        self.issuer = issuer
        self.subject = subject
    }

    public static func == (one: Person, other: Person) -> Bool {
        one.portal == other.portal && one.issuer.utf8.elementsEqual(other.issuer.utf8)
            && one.subject.utf8.elementsEqual(other.subject.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(portal)
        hasher.combine(Array(issuer.utf8))
        hasher.combine(Array(subject.utf8))
    }
}
