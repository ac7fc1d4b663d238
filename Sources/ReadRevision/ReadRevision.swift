import Foundation

/// Writes a Swift file that names the commit of a checkout: `ReadRevision CHECKOUT OUTPUT`. Runs during the build only.
@main
struct ReadRevision {
    /// Hexadecimal digits; enough to name one commit among all of a large repository.
    private static let digits = 12

    static func main() throws {
        let arguments = CommandLine.arguments
        let commit = Checkout(at: URL(fileURLWithPath: arguments[1]))?.commit
        let value = commit.map { "\"\($0.prefix(digits))\"" } ?? "nil"
        let source = """
            enum SourceRevision {
                static let commit: String? = \(value)
            }

            """
        // An output that does not change costs no compilation.
        if let old = try? String(contentsOfFile: arguments[2], encoding: .utf8), old == source { return }
        try source.write(toFile: arguments[2], atomically: true, encoding: .utf8)
    }
}
