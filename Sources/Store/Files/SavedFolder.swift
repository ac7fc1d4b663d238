import Foundation
import Identity

/// A folder of the state directory that a backup saves beside the state file.
public struct SavedFolder: Sendable {
    public enum Content: Sendable {
        /// The keys that sign links and tickets.
        case keys
        /// The portals that commands have added.
        case portals
    }

    struct File {
        var name: String
        var content: [UInt8]
    }

    let content: Content
    /// In the state directory.
    let name: String

    public init(_ content: Content, name: String) {
        self.content = content
        self.name = name
    }

    /// The table of a backup that holds its files. The backups of earlier versions have none for the portals.
    var table: String {
        switch content {
        case .keys: "backup_keys"
        case .portals: "backup_portals"
        }
    }

    private var noun: String {
        switch content {
        case .keys: "key"
        case .portals: "portal"
        }
    }

    private var limits: (files: Int, bytes: Int) {
        switch content {
        case .keys: (StoreLimits.keys, StoreLimits.keyBytes)
        case .portals: (StoreLimits.savedPortals, StoreLimits.savedPortalBytes)
        }
    }

    /// - Parameter state: the state directory. Without the folder in it, there are no files yet.
    func read(in state: String) throws -> [File] {
        let directory = state + "/" + name
        guard FileManager.default.fileExists(atPath: directory) else { return [] }
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).filter(isName).sorted()
        guard names.count <= limits.files else {
            throw StoreError(
                code: .io,
                message: "\(directory): \(names.count) \(noun)s are too many, at most \(limits.files) are expected; "
                    + "move away what does not belong there")
        }
        return try names.map { name in
            let path = directory + "/" + name
            let content = try Data(contentsOf: URL(fileURLWithPath: path))
            guard content.count <= limits.bytes else {
                throw StoreError(code: .io, message: "\(path): too large for a \(noun); move it away")
            }
            return File(name: name, content: [UInt8](content))
        }
    }

    /// - Parameter directory: it must not exist.
    /// - Throws: `.corrupt` for a name that would lead out of the directory: a backup's names are not trusted.
    func write(_ files: [File], to directory: String) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        for file in files {
            guard isName(file.name) else {
                throw StoreError(
                    code: .corrupt, message: "a \(noun) of the backup is called \(file.name), as no \(noun) is")
            }
            let path = directory + "/" + file.name
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw StateFiles.failure("write", path) }
            let written = file.content.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            let isSynced = fsync(descriptor) == 0
            close(descriptor)
            guard written == file.content.count, isSynced else { throw StateFiles.failure("write", path) }
        }
        try StateFiles.sync(directory)
    }

    /// Whether this is the name of one of its files, such as `link.key`. Temporary files beside them have other names.
    func isName(_ name: String) -> Bool {
        switch content {
        case .keys:
            name.hasSuffix(".key") && name.count > 4 && name.count <= 64 && !name.hasPrefix(".")
                && name.dropLast(4).allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        case .portals:
            name.hasSuffix(".yaml") && PortalID(checking: String(name.dropLast(5))) != nil
        }
    }
}
