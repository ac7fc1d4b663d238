import Foundation

/// A key of the `secrets` directory.
struct Key {
    var name: String
    var content: [UInt8]
}

/// The `secrets` directory, as a backup saves and restores it.
enum Keys {
    static func read(_ directory: String) throws -> [Key] {
        guard FileManager.default.fileExists(atPath: directory) else { return [] }
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).filter(isName).sorted()
        guard names.count <= StoreLimits.keys else {
            throw StoreError(
                code: .io,
                message: "\(directory): \(names.count) keys are too many, at most \(StoreLimits.keys) are expected; "
                    + "move away what does not belong there")
        }
        return try names.map { name in
            let path = directory + "/" + name
            let content = try Data(contentsOf: URL(fileURLWithPath: path))
            guard content.count <= StoreLimits.keyBytes else {
                throw StoreError(code: .io, message: "\(path): too large for a key; move it away")
            }
            return Key(name: name, content: [UInt8](content))
        }
    }

    /// - Throws: `.corrupt` for a name that would lead out of the directory: a backup's names are not trusted.
    static func write(_ keys: [Key], to directory: String) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        for key in keys {
            guard isName(key.name) else {
                throw StoreError(code: .corrupt, message: "a key of the backup is called \(key.name), as no key is")
            }
            let path = directory + "/" + key.name
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw StateFiles.failure("write", path) }
            let written = key.content.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            let isSynced = fsync(descriptor) == 0
            close(descriptor)
            guard written == key.content.count, isSynced else { throw StateFiles.failure("write", path) }
        }
        try StateFiles.sync(directory)
    }

    /// Whether this is the name of a key, such as `link.key`. Temporary files beside the keys have other names.
    static func isName(_ name: String) -> Bool {
        name.hasSuffix(".key") && name.count > 4 && name.count <= 64 && !name.hasPrefix(".")
            && name.dropLast(4).allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }
}

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
