import Foundation
import PackagePlugin

/// Tells the target that uses this plugin which commit it is built from, as a Swift file.
@main
struct EmbedRevision: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: Target) async throws -> [Command] {
        let root = context.package.directoryURL
        let source = context.pluginWorkDirectoryURL.appending(path: "SourceRevision.swift")
        return [
            .buildCommand(
                displayName: "Reading which commit is built",
                executable: try context.tool(named: "ReadRevision").url,
                arguments: [root.path, source.path], inputFiles: watched(in: root), outputFiles: [source])
        ]
    }

    /// The files that Git writes when another commit is checked out or made. Only those that exist: a missing input
    /// would stop the build, and an archive of the sources has none of them.
    private func watched(in root: URL) -> [URL] {
        var folder = root.appending(path: ".git")
        let marker = "gitdir: "
        // In a worktree, a file says where the directory is.
        if let line = try? String(contentsOf: folder, encoding: .utf8), line.hasPrefix(marker) {
            let path = line.dropFirst(marker.count).trimmingCharacters(in: .whitespacesAndNewlines)
            folder = path.hasPrefix("/") ? URL(fileURLWithPath: path) : root.appending(path: path)
        }
        return ["HEAD", "logs/HEAD"].map { folder.appending(path: $0) }.filter {
            FileManager.default.fileExists(atPath: $0.path)
        }
    }
}
