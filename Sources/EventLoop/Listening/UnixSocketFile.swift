import CLibUV
import Glibc

/// The file of a listening Unix socket: created with its final permissions, and removed only while it is still ours.
///
/// This type does not resolve the race of two processes that replace a dead socket at the same time; the state
/// directory's lock does.
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

    /// Binds a new socket to the path, replacing a dead socket but no other file. The caller owns the descriptor.
    static func bind(
        _ path: String, _ native: (storage: sockaddr_storage, length: socklen_t), type: __socket_type = SOCK_STREAM,
        mode: UInt32, _ operation: String
    ) throws(StreamError) -> (descriptor: Int32, file: UnixSocketFile) {
        let descriptor = newSocket(type)
        guard descriptor >= 0 else { throw StreamError(code: -errno, operation: operation) }
        do throws(StreamError) {
            // The file takes the mode of the unbound socket, so it never has wider permissions than intended.
            guard fchmod(descriptor, mode_t(mode)) == 0 else { throw StreamError(code: -errno, operation: operation) }
            if withNative(native, { Glibc.bind(descriptor, $0, $1) }) != 0 {
                guard errno == EADDRINUSE else { throw StreamError(code: -errno, operation: operation) }
                try removeDead(path, native, type, operation)
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

    /// Takes responsibility for the file of a socket that another process bound and handed over.
    init?(inherited path: String) {
        guard let identity = Identity(path) else { return nil }
        self.init(path: path, identity: identity)
    }

    private init(path: String, identity: Identity) {
        self.path = path
        self.identity = identity
    }

    static func newSocket(_ type: __socket_type) -> Int32 {
        socket(AF_UNIX, Int32(type.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    }

    private static func removeDead(
        _ path: String, _ native: (storage: sockaddr_storage, length: socklen_t), _ type: __socket_type,
        _ operation: String
    ) throws(StreamError) {
        var kind: mode_t = 0
        guard Identity(path, type: &kind) != nil else { return }
        guard kind == S_IFSOCK else {
            throw StreamError(UV_EADDRINUSE, operation, "a file that is no socket stands there; move it away")
        }
        let probe = newSocket(type)
        guard probe >= 0 else { throw StreamError(code: -errno, operation: operation) }
        defer { Glibc.close(probe) }
        let status = withNative(native) { connect(probe, $0, $1) }
        // EAGAIN means that a process listens there and its backlog is full.
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
