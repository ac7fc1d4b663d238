import CLibUV
import Glibc

/// The file of a listening Unix socket: bound with its access rights, and removed only while it is still ours.
///
/// Two processes that start in the same instant on a dead socket are not told apart here; the state directory's lock
/// does that.
struct UnixSocketFile {
    private let path: String
    private let identity: Identity

    private struct Identity: Equatable {
        let device: UInt64
        let inode: UInt64

        init?(_ path: String, type: UnsafeMutablePointer<mode_t>? = nil) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            type?.pointee = status.st_mode & S_IFMT
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }

    /// Binds a new socket to the path, replacing a dead socket but nothing else. The caller owns the descriptor.
    static func bind(
        _ path: String, _ native: (storage: sockaddr_storage, length: socklen_t), mode: UInt32, _ operation: String
    ) throws(StreamError) -> (descriptor: Int32, file: UnixSocketFile) {
        let descriptor = newSocket()
        guard descriptor >= 0 else { throw StreamError(code: -errno, operation: operation) }
        do throws(StreamError) {
            // The file inherits the rights of the unbound socket, so it is never open to more than it should be.
            guard fchmod(descriptor, mode_t(mode)) == 0 else { throw StreamError(code: -errno, operation: operation) }
            if withNative(native, { Glibc.bind(descriptor, $0, $1) }) != 0 {
                guard errno == EADDRINUSE else { throw StreamError(code: -errno, operation: operation) }
                try removeDead(path, native, operation)
                guard withNative(native, { Glibc.bind(descriptor, $0, $1) }) == 0 else {
                    throw StreamError(code: -errno, operation: operation)
                }
            }
            guard let identity = Identity(path) else { throw StreamError(code: -errno, operation: operation) }
            return (descriptor, UnixSocketFile(path: path, identity: identity))
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    private static func newSocket() -> Int32 {
        socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    }

    private static func removeDead(
        _ path: String, _ native: (storage: sockaddr_storage, length: socklen_t), _ operation: String
    ) throws(StreamError) {
        var type: mode_t = 0
        guard Identity(path, type: &type) != nil else { return }
        guard type == S_IFSOCK else {
            throw StreamError(UV_EADDRINUSE, operation, "a file that is no socket stands there; move it away")
        }
        let probe = newSocket()
        guard probe >= 0 else { throw StreamError(code: -errno, operation: operation) }
        defer { Glibc.close(probe) }
        let status = withNative(native) { connect(probe, $0, $1) }
        // EAGAIN: somebody listens whose backlog is full.
        guard status != 0, errno == ECONNREFUSED || errno == ENOENT else {
            throw StreamError(UV_EADDRINUSE, operation, "another process answers there; stop it, or use another path")
        }
        unlink(path)
    }

    /// Removes the file, unless another socket has taken its place.
    func remove() {
        if Identity(path) == identity { unlink(path) }
    }
}
