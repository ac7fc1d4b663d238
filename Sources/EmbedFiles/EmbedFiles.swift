import Foundation
import PackagePlugin

/// Embeds the files of a target's folder `Files` or `Catalogues`, as a Swift file, in the target that uses this plugin.
///
/// Every file is an input of its own, so that a change of one is a reason to build again. The target excludes the
/// folder, because SwiftPM otherwise does not know what to do with its files.
@main
struct EmbedFiles: BuildToolPlugin {
    private static let folders = ["Files", "Catalogues"]

    func createBuildCommands(context: PluginContext, target: Target) async throws -> [Command] {
        let source = context.pluginWorkDirectoryURL.appending(path: "EmbeddedFiles.swift")
        let tool = try context.tool(named: "EmbedFile").url
        return try Self.folders.map { target.directoryURL.appending(path: $0) }
            .filter { FileManager.default.fileExists(atPath: $0.path) }
            .map { folder in
                let files = try Self.files(in: folder)
                return .buildCommand(
                    displayName: "Embedding the files of \(target.name)", executable: tool,
                    arguments: [source.path, "EmbeddedFiles", folder.path] + files.map(\.path), inputFiles: files,
                    outputFiles: [source])
            }
    }

    /// All files in a folder and below, apart from hidden ones, in the order of their paths.
    private static func files(in folder: URL) throws -> [URL] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
            .filter { !$0.split(separator: "/").contains { $0.hasPrefix(".") } }
            .map { folder.appending(path: $0) }
            .filter { url in
                var isFolder: ObjCBool = false
                return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && !isFolder.boolValue
            }
    }
}
