import Foundation

/// A checkout of a Git repository. It is read from Git's files, so that a build needs no Git.
struct Checkout {
    /// What belongs to this checkout alone: its `HEAD`.
    private let own: URL
    /// What all worktrees of a repository share: its branches.
    private let shared: URL

    /// - Returns: `nil` where there is no checkout, such as an unpacked archive of the sources.
    init?(at root: URL) {
        let entry = root.appendingPathComponent(".git")
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: entry.path, isDirectory: &isDirectory) else { return nil }
        var folder = entry
        if !isDirectory.boolValue {
            // In a worktree or a submodule, a file says where the directory is.
            guard let path = Self.text(entry).flatMap({ Self.rest(of: $0, after: "gitdir: ") }) else { return nil }
            folder = Self.resolve(path, from: root)
        }
        own = folder
        if let path = Self.text(folder.appendingPathComponent("commondir")) {
            shared = Self.resolve(path, from: folder)
        } else {
            shared = folder
        }
    }

    /// The full name of the commit; `nil` before the first one, or if the repository keeps its branches in another form
    /// than files.
    var commit: String? {
        guard let head = Self.text(own.appendingPathComponent("HEAD")) else { return nil }
        guard let branch = Self.rest(of: head, after: "ref: ") else { return Self.checked(head) }
        if let name = Self.text(shared.appendingPathComponent(branch)) { return Self.checked(name) }
        return packed(branch)
    }

    /// Git moves branches that have not changed for a while into one file, a line for each.
    private func packed(_ branch: String) -> String? {
        guard let list = Self.text(shared.appendingPathComponent("packed-refs")),
            let line = list.split(separator: "\n").first(where: { $0.hasSuffix(" \(branch)") })
        else { return nil }
        return Self.checked(String(line.prefix { $0 != " " }))
    }

    /// - Returns: `nil` for what is no commit's name, by SHA-1 or SHA-256.
    private static func checked(_ name: String) -> String? {
        [40, 64].contains(name.count) && name.allSatisfy(\.isHexDigit) ? name : nil
    }

    private static func text(_ file: URL) -> String? {
        (try? String(contentsOf: file, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func rest(of line: String, after beginning: String) -> String? {
        line.hasPrefix(beginning) ? String(line.dropFirst(beginning.count)) : nil
    }

    private static func resolve(_ path: String, from folder: URL) -> URL {
        path.hasPrefix("/") ? URL(fileURLWithPath: path) : folder.appendingPathComponent(path)
    }
}
