import Glibc
import Synchronization

/// Listening sockets that this process inherited from its predecessor or from the service manager. Sockets that nobody
/// takes are closed with this object. Any thread.
public final class InheritedSockets: Sendable {
    private let sockets: Mutex<[SocketAddress: [ListeningSocket]]>

    public init(_ sockets: [ListeningSocket] = []) {
        self.sockets = Mutex(Dictionary(grouping: sockets, by: \.address))
    }

    /// Removes and returns all sockets bound to `address`, in the order in which they were inherited.
    public func take(_ address: SocketAddress) -> [ListeningSocket] {
        sockets.withLock { $0.removeValue(forKey: address) ?? [] }
    }

    public func contains(_ address: SocketAddress) -> Bool { sockets.withLock { $0[address] != nil } }

    /// The addresses whose sockets have not been taken.
    public var left: [SocketAddress] { sockets.withLock { Array($0.keys) } }

    /// The sockets that a service manager has passed to this process (`LISTEN_FDS`, sd_listen_fds(3)): descriptors 3
    /// and up, if `LISTEN_PID` names this process. Call this once, before anything else opens descriptors; child
    /// processes do not inherit them.
    public static func fromServiceManager() -> [ListeningSocket] {
        defer { for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) } }
        guard let process = getenv("LISTEN_PID"), let number = getenv("LISTEN_FDS"),
            Int32(String(cString: process)) == getpid(), let count = Int32(String(cString: number)),
            (1...EventLoopLimits.inheritedSockets).contains(count)
        else { return [] }
        return (3..<3 + count).compactMap { descriptor in
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            return ListeningSocket(owning: descriptor)
        }
    }
}
