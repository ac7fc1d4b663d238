import Foundation
import Programs
import Scheduling
import Testing

@testable import carrel

@Suite("carrel --version") struct VersionTests {
    private func printed() async throws -> String {
        let carrel = try CarrelProcess("--version")
        #expect(try await carrel.end() == 0)
        return carrel.output
    }

    @Test("prints one line with the version and the release of the time zones")
    func version() async throws {
        let text = try await printed()
        #expect(text.hasPrefix("carrel \(Carrel.version) ("))
        #expect(text.hasSuffix("tzdata \(ZoneDatabase.system().version))\n"))
        #expect(text.split(separator: "\n").count == 1)
    }

    @Test("leaves the commit out where it is not known")
    func unknown() {
        #expect(Carrel.versionLine(commit: nil, zones: "2026b") == "carrel \(Carrel.version) (tzdata 2026b)")
        #expect(
            Carrel.versionLine(commit: "8e708e3f00d1", zones: "2026b")
                == "carrel \(Carrel.version) (8e708e3f00d1, tzdata 2026b)")
    }

    private static let hasGit =
        FileManager.default.fileExists(atPath: Paper.root.appendingPathComponent(".git").path)
        && (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/git")
        }

    @Test("names the commit from which it was built", .enabled(if: hasGit, "needs a checkout, and the program git"))
    func commit() async throws {
        // The checkout may belong to another user.
        func git(_ arguments: String...) -> Command {
            Command(["git", "-c", "safe.directory=*", "-C", Paper.root.path] + arguments)
        }
        let printed = try await printed()
        let commit = printed.dropFirst("carrel \(Carrel.version) (".count).prefix(12)
        // Somebody may have committed since the build.
        let isAncestor = try await git("merge-base", "--is-ancestor", String(commit), "HEAD").run()
        #expect(isAncestor.status == 0, "\(printed)")
    }
}
