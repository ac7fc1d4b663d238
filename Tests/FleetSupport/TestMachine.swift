import Foundation
import Programs

/// The resources that all tests of one run share: the binary, the development authority, free ports.
enum TestMachine {
    /// The binary under test: the one built with the tests unless the environment names another.
    static let binary: String = {
        if let named = ProcessInfo.processInfo.environment["CARREL_TEST_BINARY"], !named.isEmpty { return named }
        let tests = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return tests.appendingPathComponent("carrel").path
    }()

    struct Authority: Sendable {
        /// `ca.pem`, which browsers trust.
        var path: String
        /// The edge's certificate, without its suffix.
        var edge: String
    }

    private static let directory = FileManager.default.temporaryDirectory.path + "/fleet-authority-\(getpid())"

    private static let making = Task<Authority, any Error> {
        atexit { try? FileManager.default.removeItem(atPath: TestMachine.directory) }
        try await Command([
            binary, "dev-ca", "--dir", directory, "--server", "edge=\(Plan.portal),*.\(Plan.labsDomain)",
        ]).succeed()
        return Authority(path: directory + "/ca.pem", edge: directory + "/edge")
    }

    /// Created once, with the product's own command.
    static func authority() async throws -> Authority { try await making.value }

    /// A port that is currently free.
    static func freePort() throws -> Int {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bound in
                bind(listener, bound, size) == 0 && getsockname(listener, bound, &size) == 0
            }
        }
        guard port else { throw FleetError("no free port: \(String(cString: strerror(errno)))") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
