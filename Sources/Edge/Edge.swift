/// The data plane: TLS, routing by hostname, access cookies, forwarding, activity.
public enum Edge {
    /// The cookie that opens a lab on its hostname. The edge takes it out of what the lab sees.
    public static let cookieName = "__Host-carrel"
}
