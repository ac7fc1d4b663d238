import Identity

/// The named limits of links and tickets. A value that exceeds its limit is rejected before any computation on it.
public enum LaunchLimits {
    /// Maximum remaining validity of a link, both when it is created and when it is followed.
    public static let linkValidity = Duration.seconds(30 * 86_400)
    /// UTF-8 bytes of a portal's and of a lab's name.
    public static let nameLength = 63
    /// Digits of a time in seconds; 12 reach the year 33658.
    public static let timeLength = 12
    /// Characters of a signature: 32 bytes in base64url.
    public static let signatureLength = 43
    /// Characters of a ticket's text: a payload of `IdentityLimits.ticketPayload` bytes and its signature, in base64url.
    public static let ticketLength = (IdentityLimits.ticketPayload * 4 + 2) / 3 + 1 + signatureLength
    /// Bytes of a secret.
    public static let secretLength = 32
}
