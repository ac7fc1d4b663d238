import Glibc

/// A listening socket that no loop watches. Connections queue in its backlog until this process, or another that shares
/// the socket, accepts them. This is how one process takes over from another without refusing connections.
///
/// Owns its descriptor and closes it in `deinit`; the socket itself stays open while any process holds a descriptor of
/// it.
public final class ListeningSocket: Sendable {
    let descriptor: Int32
    /// The address that it is bound to.
    public let address: SocketAddress
    /// Whether more sockets may be bound to its address (SO_REUSEPORT).
    public let sharesPort: Bool

    /// Takes ownership of a descriptor.
    /// - Returns: `nil` if the descriptor is not a listening socket with an address; the descriptor is then closed.
    public init?(owning descriptor: Int32) {
        guard Self.option(SO_ACCEPTCONN, of: descriptor) == 1, let address = SocketAddress(of: descriptor) else {
            Glibc.close(descriptor)
            return nil
        }
        self.descriptor = descriptor
        self.address = address
        sharesPort = Self.option(SO_REUSEPORT, of: descriptor) == 1
    }

    deinit { Glibc.close(descriptor) }

    /// A duplicate descriptor of the same socket.
    /// - Throws: EMFILE, when the process has too many open descriptors.
    func duplicatedDescriptor() throws(StreamError) -> Int32 { try Self.duplicate(descriptor, address) }

    static func duplicate(_ descriptor: Int32, _ address: SocketAddress) throws(StreamError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw StreamError(code: -errno, operation: "duplicate the socket of \(address)") }
        return copy
    }

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32 {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1
    }
}
