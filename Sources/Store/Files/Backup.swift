import Foundation
import GRDB

/// A complete broker in one file: a snapshot of its state file, and the folders beside it: the keys, which sign the
/// learners' links, and the portals that commands have added. It is an SQLite database with mode 0600.
///
/// Calls block.
public enum Backup {
    /// Makes a backup, whether or not a broker is running. It appears at `target` once it is complete, verified and
    /// synced to disk.
    ///
    /// - Parameters:
    ///   - folders: those of the state directory to save with it.
    ///   - target: a path that does not exist yet.
    ///   - progress: called with the number of copied pages and the total.
    public static func make(
        of path: String, with folders: [SavedFolder], to target: String,
        progress: @escaping (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(StoreError) -> StateFile.Summary {
        let source = try StateFile(path: path)
        guard !FileManager.default.fileExists(atPath: target) else {
            throw StoreError(code: .io, message: "\(target) is there already; name another file, or remove it")
        }
        let draft = target + ".partial"
        do {
            try makeEmpty(draft)
            let copy = try open(draft)
            try source.copy(to: copy, progress: progress)
            try finish(copy, path: draft) { db in
                let state = URL(fileURLWithPath: path).deletingLastPathComponent().path
                for folder in folders { try save(folder, in: state, to: db) }
            }
            let summary = try sound(draft).summary()
            // `link` fails, rather than replaces, if the target was created meanwhile.
            guard link(draft, target) == 0 else { throw StateFiles.failure("write", target) }
            unlink(draft)
            try StateFiles.sync(directoryOf: target)
            return summary
        } catch {
            unlink(draft)
            throw StoreError(error, doing: "write the backup", path: target)
        }
    }

    /// Restores a backup into a state directory; the previous contents are kept in a subdirectory.
    ///
    /// The backup is verified before anything is changed, and the state file is replaced atomically: wherever this is
    /// interrupted, the state directory holds either the old state file or the new one.
    ///
    /// - Parameters:
    ///   - directory: the state directory; the caller holds its `StateDirectoryLock`.
    ///   - file: the name of the state file in it.
    ///   - folders: those to restore with it; one that the backup lacks, because an earlier version made it, stays as it
    ///     is.
    ///   - aside: the name of the directory that receives the previous contents; it must not exist.
    /// - Returns: a summary of the restored state, and whether there were previous contents to keep.
    public static func restore(
        _ backup: String, into directory: String, file: String, with folders: [SavedFolder], aside: String,
        progress: @escaping (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(StoreError) -> (summary: StateFile.Summary, keptOld: Bool) {
        let source = try sound(backup)
        let place = directory + "/" + file
        let draft = place + ".restoring"
        let drafts = folders.map { directory + "/" + $0.name + ".restoring" }
        defer {
            unlink(draft)
            for draft in drafts { try? FileManager.default.removeItem(atPath: draft) }
        }
        do {
            let found = try source.read("read its files") { db in try folders.map { try files(of: $0, in: db) } }
            guard found.contains(where: { $0 != nil }) else {
                throw StoreError(
                    code: .foreign,
                    message: "\(backup) is a state file and no backup: it holds no keys; "
                        + "to use it as it is, put it in the place of \(place) while no broker runs")
            }
            try makeEmpty(draft)
            let copy = try open(draft)
            try source.copy(to: copy, progress: progress)
            try finish(copy, path: draft) { db in
                for folder in folders { try db.execute(sql: "DROP TABLE IF EXISTS \(folder.table)") }
            }
            for (index, folder) in folders.enumerated() {
                if let files = found[index] { try folder.write(files, to: drafts[index]) }
            }
            let summary = try sound(draft).summary()
            let kept = try StateFiles.keepAside(directory: directory, file: file, aside: aside)
            for (index, folder) in folders.enumerated() where found[index] != nil {
                try StateFiles.swap(
                    drafts[index], directory + "/" + folder.name, aside: directory + "/" + aside + "/" + folder.name)
            }
            guard rename(draft, place) == 0 else { throw StateFiles.failure("replace", place) }
            try StateFiles.sync(directoryOf: place)
            return (summary, kept)
        } catch {
            throw StoreError(error, doing: "restore \(backup)", path: place)
        }
    }

    private static func save(_ folder: SavedFolder, in state: String, to db: Database) throws {
        try db.execute(
            sql: "CREATE TABLE \(folder.table) (name TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT, WITHOUT ROWID")
        for file in try folder.read(in: state) {
            try db.execute(
                sql: "INSERT INTO \(folder.table) VALUES (?, ?)", arguments: [file.name, Data(file.content)])
        }
    }

    /// The files of a folder in a backup; `nil` if the backup says nothing of the folder.
    private static func files(of folder: SavedFolder, in db: Database) throws -> [SavedFolder.File]? {
        guard try db.tableExists(folder.table) else { return nil }
        return try Row.fetchAll(db, sql: "SELECT name, content FROM \(folder.table)").map { row in
            let content: Data = row[1]
            return SavedFolder.File(name: row[0], content: [UInt8](content))
        }
    }

    /// Opens a file and verifies that it is sound enough to be backed up or restored.
    private static func sound(_ path: String) throws(StoreError) -> StateFile {
        let file = try StateFile(path: path)
        let problems = try file.problems()
        guard let first = problems.first else { return file }
        let more = problems.count > 1 ? " (and \(problems.count - 1) more)" : ""
        throw StoreError(
            code: .corrupt, message: "\(path) is damaged: \(first)\(more); nothing was changed; use an older backup")
    }

    private static func makeEmpty(_ path: String) throws {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StateFiles.failure("write", path) }
        close(descriptor)
    }

    private static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "backup"
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Merges the log into the copy, so that it is one file, and syncs it to disk.
    private static func finish(_ copy: DatabaseQueue, path: String, _ body: (Database) throws -> Void) throws {
        try copy.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL")
            try db.inTransaction {
                try body(db)
                return .commit
            }
        }
        try copy.close()
        try StateFiles.sync(path)
    }
}
