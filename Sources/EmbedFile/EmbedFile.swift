import Foundation

/// Writes a Swift file that holds the bytes of another file: `EmbedFile INPUT OUTPUT`. Runs during the build only.
@main
struct EmbedFile {
    static func main() throws {
        let arguments = CommandLine.arguments
        let bytes = try Data(contentsOf: URL(fileURLWithPath: arguments[1]))
        // The compiler handles a long string quickly and a long array very slowly.
        let source = """
            enum EmbeddedHelper {
                static let base64: StaticString = "\(bytes.base64EncodedString())"
            }

            """
        try source.write(toFile: arguments[2], atomically: true, encoding: .utf8)
    }
}
