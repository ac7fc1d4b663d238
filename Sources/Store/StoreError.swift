import GRDB

/// Why the state file could not be opened, read or written. The message says what failed, for which file, and what to
/// do.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        /// The disk is full, or the file has reached its size limit. Nothing of the transaction was written.
        case full
        /// The file was written by a newer version of carrel.
        case newer
        /// The file is damaged.
        case corrupt
        /// The file is a database, or another file, that does not belong to carrel.
        case foreign
        /// Another connection held the lock for longer than `StoreLimits.busyTimeout`.
        case busy
        /// Another carrel is using the state directory.
        case inUse
        /// A change violates a constraint of the schema: a bug in the caller. Nothing of the transaction was written.
        case invalid
        /// The operating system failed to read or write.
        case io
    }

    public var code: Code
    public var message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    /// Whether the same call can succeed later without a change to the file.
    public var isTransient: Bool {
        switch code {
        case .full, .busy, .io: true
        case .newer, .corrupt, .foreign, .inUse, .invalid: false
        }
    }

    /// Classifies an SQLite error by its meaning for the broker.
    init(_ error: any Error, doing what: String, path: String) {
        if let error = error as? StoreError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self.init(code: .io, message: "\(path): cannot \(what): \(error)")
            return
        }
        let detail = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL:
            self.init(code: .full, message: "\(path): cannot \(what): the disk is full; free some space and it goes on")
        case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_SHMSIZE:
            // The WAL index could not grow, which means that the disk is full.
            self.init(code: .full, message: "\(path): cannot \(what): the disk is full; free some space and it goes on")
        case .SQLITE_CORRUPT:
            self.init(
                code: .corrupt,
                message:
                    "\(path): cannot \(what): the file is damaged (\(detail)); `carrel integrity` names all of the "
                    + "damage, and `carrel restore FILE` puts a backup in its place and keeps the damaged file"
            )
        case .SQLITE_NOTADB:
            self.init(
                code: .foreign,
                message: "\(path) is not an SQLite database; "
                    + "give carrel a state directory of its own, or move the file away")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(code: .busy, message: "\(path): cannot \(what): another program holds the file (\(detail))")
        case .SQLITE_CONSTRAINT:
            self.init(code: .invalid, message: "\(path): cannot \(what): \(detail)")
        default:
            self.init(code: .io, message: "\(path): cannot \(what): \(detail)")
        }
    }
}
