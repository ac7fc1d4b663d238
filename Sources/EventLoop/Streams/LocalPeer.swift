import Glibc

/// The process at the other end of a Unix socket, as the kernel recorded it when the connection was made (SO_PEERCRED,
/// unix(7)).
public struct LocalPeer: Sendable, Hashable {
    public let process: Int32
    public let user: UInt32

    public init(process: Int32, user: UInt32) {
        self.process = process
        self.user = user
    }

    /// `nil` if the descriptor is not a connected Unix socket; `errno` holds the reason.
    init?(of descriptor: Int32) {
        // The kernel's `struct ucred`, which Swift cannot see: three 32-bit numbers.
        var credentials: (process: pid_t, user: uid_t, group: gid_t) = (0, 0, 0)
        var size = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else { return nil }
        self.init(process: credentials.process, user: credentials.user)
    }
}
