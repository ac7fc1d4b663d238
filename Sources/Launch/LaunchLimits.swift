/// The named limits of links and tickets. A value beyond its limit is refused before anything is computed over it.
public enum LaunchLimits {
    /// A link is valid for at most this long from now, when it is made and when it is followed.
    public static let linkValidity = Duration.seconds(30 * 86_400)
    /// How long a ticket holds: how long after following a link the portal's pages know the learner.
    public static let ticketValidity = Duration.seconds(12 * 3_600)
    /// UTF-8 bytes of a portal's and of a lab's name.
    public static let nameLength = 63
    /// UTF-8 bytes of a learner's identifier.
    public static let learnerLength = 256
    /// UTF-8 bytes of a learner's name.
    public static let learnerNameLength = 512
    /// UTF-8 bytes of a course's identifier.
    public static let contextLength = 256
    /// Digits of a time in seconds; reaches the year 33658.
    public static let timeLength = 12
    /// Characters of a signature: 32 bytes in base64url.
    public static let signatureLength = 43
    /// Characters of a ticket's text.
    public static let ticketLength = 2_048
    /// Bytes of a secret.
    public static let secretLength = 32
}
