import Glibc

/// Reads and writes small files whole: certificates and keys.
enum FileAccess {
    /// A larger file, in bytes, is not accepted as PEM.
    static let largestFileBytes = 1 << 20

    static func read(_ path: String) throws(TLSError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure("could not open", path) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = Glibc.read(file, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure("could not read", path) }
            guard count > 0 else { return bytes }
            bytes += piece[..<count]
            guard bytes.count <= largestFileBytes else {
                throw TLSError(.file, "\(path) is larger than \(largestFileBytes) bytes: not a certificate or key")
            }
        }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Writes a temporary file next to the target, then renames it: a reader sees the old file or the complete new one.
    static func replace(_ path: String, with bytes: [UInt8], mode: mode_t) throws(TLSError) {
        let temporary = "\(path).\(getpid()).\(SecureRandom.slug(length: 8)).new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw failure("could not create", temporary) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            written += count
        }
        // fchmod, because the umask must not remove any of the requested permissions.
        let done = written == bytes.count && fchmod(file, mode) == 0 && fsync(file) == 0
        let problem = failure("could not write", temporary)
        close(file)
        guard done else {
            unlink(temporary)
            throw problem
        }
        guard rename(temporary, path) == 0 else {
            let problem = failure("could not rename to", path)
            unlink(temporary)
            throw problem
        }
    }

    static func makeDirectory(_ path: String) throws(TLSError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("could not create the directory", path) }
    }

    private static func failure(_ what: String, _ path: String) -> TLSError {
        TLSError(.file, "\(what) \(path): \(String(cString: strerror(errno)))")
    }
}
