import Foundation

/// Writes a Swift file that holds the bytes of other files: `EmbedFile OUTPUT TYPE FOLDER FILE…`. Runs during the build
/// only.
///
/// The files are in FOLDER or below, and are named by their paths from there.
@main
struct EmbedFile {
    static func main() throws {
        let arguments = CommandLine.arguments
        let (output, type, folder) = (arguments[1], arguments[2], arguments[3] + "/")
        let files = try arguments[4...].map { path in
            (
                name: path.hasPrefix(folder) ? String(path.dropFirst(folder.count)) : path,
                base64: try Data(contentsOf: URL(fileURLWithPath: path)).base64EncodedString()
            )
        }.sorted { $0.name < $1.name }
        // The compiler handles a long string quickly and a long array very slowly.
        let entries = files.map { "        (\"\($0.name)\", \"\($0.base64)\"),\n" }.joined()
        let source = """
            enum \(type) {
                static let files: [(name: String, base64: StaticString)] = [
            \(entries)    ]
            }

            """
        try source.write(toFile: output, atomically: true, encoding: .utf8)
    }
}
