import PackagePlugin

/// Builds the helper's program and embeds its bytes, as a Swift file, in the target that uses this plugin.
@main
struct EmbedHelper: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: Target) async throws -> [Command] {
        let program = try context.tool(named: "carrel-helper").url
        let source = context.pluginWorkDirectoryURL.appending(path: "EmbeddedHelper.swift")
        return [
            .buildCommand(
                displayName: "Embedding the helper's program",
                executable: try context.tool(named: "EmbedFile").url,
                arguments: [source.path, "EmbeddedHelper", program.deletingLastPathComponent().path, program.path],
                inputFiles: [program], outputFiles: [source])
        ]
    }
}
