/// The named limits of identities and tickets. A value beyond its limit is refused before anything is done with it.
public enum IdentityLimits {
    /// UTF-8 bytes of an issuer, such as the URL of an OpenID provider.
    public static let issuerLength = 512
    /// UTF-8 bytes of a person's identifier at its issuer. OpenID Connect (section 2) allows 255 characters of ASCII.
    public static let subjectLength = 256
    /// UTF-8 bytes of a display name.
    public static let nameLength = 512
    /// UTF-8 bytes of a course's identifier.
    public static let contextLength = 256
    /// Characters of the identifier of a visit, which sign-out names.
    public static let visitLength = 64
    /// Bytes of a ticket's payload. In base64url, with its signature and the cookie's attributes, it stays below the
    /// 4096 bytes that every browser keeps (RFC 6265, section 6.1).
    public static let ticketPayload = 2_800
    /// Courses in which one ticket claims roles.
    public static let ticketCourses = 32
    /// Seconds for which a ticket is valid.
    public static let ticketSeconds: Int64 = 12 * 3_600
    /// Seconds by which the wall clock may be set back without consequences for tickets and revocations.
    public static let clockTolerance: Int64 = 300
    /// The latest time that a ticket can name, in seconds since 1970: 12 digits, which reach the year 33658.
    public static let latestTime: Int64 = 999_999_999_999
    /// Visits of one person that are remembered as signed out. Signing out of one more revokes all of the person's
    /// tickets.
    public static let signedOutVisits = 16
    /// People of one portal for whom revocations are remembered. Beyond this number, all tickets of the portal are
    /// revoked.
    public static let revokedPeople = 20_000
}
