/// The named limits of this room.
public enum TransportLimits {
    // MARK: Channels

    /// From the first byte of a TLS handshake to its end.
    public static let handshakeTimeout = Duration.seconds(10)
    /// Bytes that wait to be sent; above it whoever feeds the channel stops until it has drained.
    public static let highWaterBytes = 256 * 1024
    /// After the last byte was sent: how long the peer may take to end its side too, before it is cut off.
    public static let lingerTimeout = Duration.seconds(2)
    /// Plaintext that is taken out of TLS at a time: one record.
    static let plaintextBytes = 16 * 1024
    /// Plaintext that is encrypted before the ciphertext is handed on: bounds the memory of a large write.
    static let encryptionBytes = 64 * 1024
}
