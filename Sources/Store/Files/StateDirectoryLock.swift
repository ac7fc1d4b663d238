import Foundation

/// An exclusive lock on a state directory, held for the lifetime of this object.
///
/// The kernel releases the lock when the process ends, for whatever reason; the lock file stays and has no meaning by
/// itself.
public final class StateDirectoryLock: Sendable {
    private let file: Int32

    /// Locks the directory, which must exist.
    public init(directory: String) throws(StoreError) {
        let path = directory + "/carrel.lock"
        // Not inherited by child processes: one that outlives us would keep the lock.
        let file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw StoreError(code: .io, message: "\(path): cannot open the lock file: \(Self.reason)")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let isTaken = errno == EWOULDBLOCK
            let reason = Self.reason
            let owner = Self.processID(in: file)
            close(file)
            guard isTaken else { throw StoreError(code: .io, message: "\(path): cannot lock: \(reason)") }
            throw StoreError(
                code: .inUse,
                message: "another carrel (pid \(owner)) runs on \(directory); "
                    + "stop it first, or give this one a state directory of its own")
        }
        let text = Array("\(getpid())\n".utf8)
        // The process number is for people; the lock works without it, so a full disk is no reason to fail here.
        if ftruncate(file, 0) == 0 { _ = pwrite(file, text, text.count, 0) }
        self.file = file
    }

    deinit { close(file) }

    private static var reason: String { String(cString: strerror(errno)) }

    private static func processID(in file: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(file, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(count, 0)).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return digits.isEmpty ? "unknown" : String(decoding: digits, as: UTF8.self)
    }
}
