import Foundation

/// Moves and syncs the files of a state directory, so that a crash between any two steps loses nothing.
enum StateFiles {
    /// Hard-links the state file and its log into a directory of their own, and removes the log from its old place: it
    /// must not be taken for the new file's log.
    ///
    /// - Returns: whether there was a state file.
    static func keepAside(directory: String, file: String, aside: String) throws -> Bool {
        let place = directory + "/" + file
        let kept = directory + "/" + aside + "/" + file
        guard mkdir(directory + "/" + aside, 0o700) == 0 else { throw failure("make", directory + "/" + aside) }
        let exists = FileManager.default.fileExists(atPath: place)
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: place + suffix) {
            guard link(place + suffix, kept + suffix) == 0 else { throw failure("keep", place + suffix) }
        }
        // Opening and closing a sound file moves everything into the file itself, so that it loses nothing without its
        // log.
        if exists, let store = try? Store(path: place) { try? store.close() }
        for suffix in ["-wal", "-shm"] where FileManager.default.fileExists(atPath: place + suffix) {
            guard unlink(place + suffix) == 0 else { throw failure("remove", place + suffix) }
        }
        try sync(directory + "/" + aside)
        return exists
    }

    /// Moves a directory into the place of another one, which is kept aside.
    static func swap(_ fresh: String, _ place: String, aside: String) throws {
        if FileManager.default.fileExists(atPath: place) {
            guard rename(place, aside) == 0 else { throw failure("keep", place) }
        }
        guard rename(fresh, place) == 0 else { throw failure("replace", place) }
    }

    static func sync(directoryOf path: String) throws {
        try sync(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    }

    /// Syncs a file, or a directory's entries, to disk.
    static func sync(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync", path) }
    }

    static func failure(_ what: String, _ path: String) -> StoreError {
        let code: StoreError.Code = errno == ENOSPC || errno == EDQUOT ? .full : .io
        return StoreError(code: code, message: "\(path): cannot \(what): \(String(cString: strerror(errno)))")
    }
}
