import Glibc
import Synchronization

/// Listening sockets that somebody else has opened for this process: the process before it, or the service manager. What
/// nobody asks for is closed with this object. Any thread.
public final class InheritedSockets: Sendable {
    private let sockets: Mutex<[SocketAddress: [ListeningSocket]]>

    public init(_ sockets: [ListeningSocket] = []) {
        self.sockets = Mutex(Dictionary(grouping: sockets, by: \.address))
    }

    /// Takes all that stand at an address out, in the order in which they came.
    public func take(_ address: SocketAddress) -> [ListeningSocket] {
        sockets.withLock { $0.removeValue(forKey: address) ?? [] }
    }

    public func contains(_ address: SocketAddress) -> Bool { sockets.withLock { $0[address] != nil } }

    /// What nobody has taken.
    public var left: [SocketAddress] { sockets.withLock { Array($0.keys) } }

    /// The sockets that a service manager has passed on (`LISTEN_FDS`, sd_listen_fds(3)): the descriptors from 3 on, when
    /// they are meant for this process. To be asked once, before anything else opens descriptors; child processes do not
    /// inherit them.
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
