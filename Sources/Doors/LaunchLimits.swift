/// The named limits of links and tickets. A value that exceeds its limit is rejected before any computation on it.
public enum LaunchLimits {
    /// Maximum remaining validity of a link, both when it is created and when it is followed.
    public static let linkValidity = Duration.seconds(30 * 86_400)
    /// Lifetime of a ticket: how long after following a link the portal's pages recognise the learner.
    public static let ticketValidity = Duration.seconds(12 * 3_600)
    /// UTF-8 bytes of a portal's and of a lab's name.
    public static let nameLength = 63
    /// UTF-8 bytes of a learner's identifier.
    public static let learnerLength = 256
    /// UTF-8 bytes of a learner's name.
    public static let learnerNameLength = 512
    /// UTF-8 bytes of a course's identifier.
    public static let contextLength = 256
    /// Digits of a time in seconds; 12 reach the year 33658.
    public static let timeLength = 12
    /// Characters of a signature: 32 bytes in base64url.
    public static let signatureLength = 43
    /// Characters of a ticket's text.
    public static let ticketLength = 2_048
    /// Bytes of a secret.
    public static let secretLength = 32
}
