#if canImport(Glibc)
    import Glibc
#endif

/// A small text file that records an owner. The first writer wins, and the file never changes afterwards. Calls block
/// for as long as the file system takes.
enum OwnerFile {
    struct Failure: Error {
        var message: String
    }

    /// The maximum size of an owner file, in bytes.
    private static let sizeMaximum = 4096

    /// The text of the file, or `nil` if it does not exist. A symbolic link in its place is refused.
    static func read(_ path: String) throws(Failure) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("read", path)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: sizeMaximum)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw failure("read", path) }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Writes the file unless it exists, and returns the text that is in force.
    ///
    /// The file appears atomically with its whole text, by link(2), which succeeds for only one of several machines
    /// that share the directory. On a file system without links the file is created with O_EXCL and gets its text a
    /// moment later.
    static func claim(_ path: String, text: String) throws(Failure) -> String {
        if let found = try read(path) { return found }
        let draft = "\(path).\(getpid()).\(UInt64.random(in: .min ... .max))"
        try write(draft, text)
        defer { unlink(draft) }
        if link(draft, path) == 0 { return text }
        switch errno {
        case EEXIST: break
        case EPERM, EOPNOTSUPP, ENOSYS:
            do throws(Failure) {
                try write(path, text)
                return text
            } catch {
                // Another process won the race, unless the check below shows another cause.
                guard access(path, F_OK) == 0 else { throw error }
            }
        default: throw failure("make", path)
        }
        guard let found = try read(path) else { throw failure("read", path) }
        return found
    }

    private static func write(_ path: String, _ text: String) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw failure("make", path) }
        let bytes = Array(text.utf8)
        let isWritten = Glibc.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        let problem = errno
        close(descriptor)
        guard isWritten else {
            unlink(path)
            errno = problem
            throw failure("write", path)
        }
    }

    private static func failure(_ what: String, _ path: String) -> Failure {
        Failure(message: "\(path): cannot \(what): \(String(cString: strerror(errno)))")
    }
}
