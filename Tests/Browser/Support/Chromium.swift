import COpenSSL
import Foundation
import Programs

@testable import FleetSupport

/// A real browser for one test: Debian's headless Chromium, with a profile of its own that is deleted afterwards.
/// Created and closed by `withChromium`.
final class Chromium: Sendable {
    /// The program's path; `nil` if it is not installed.
    static let path: String? = {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return folders.map { "\($0)/chromium" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    static let startLimit = Duration.seconds(60)

    let devTools: DevTools
    private let pid: pid_t
    private let profile: String

    fileprivate init(_ fleet: Fleet) async throws {
        guard let program = Self.path else { throw FleetError("there is no chromium on the PATH") }
        let profile = fleet.root + "-chromium-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: profile, withIntermediateDirectories: true)
        let arguments =
            // It neither reads nor writes the home of the user who runs the tests.
            ["env", "HOME=\(profile)", "XDG_CONFIG_HOME=\(profile)/config", "XDG_CACHE_HOME=\(profile)/cache", program]
            + Self.switches
            + [
                "--user-data-dir=\(profile)/data",
                "--ignore-certificate-errors-spki-list=\(try Self.keyDigest(fleet.authority.edge + ".pem"))",
            ]
        let pid = try Command(arguments).spawn(output: profile + "/log", error: profile + "/log")
        do {
            devTools = try await Self.connect(profile, pid)
        } catch {
            kill(pid, SIGKILL)
            _ = try? await ChildExit.wait(pid, within: .seconds(10))
            try? FileManager.default.removeItem(atPath: profile)
            throw error
        }
        self.pid = pid
        self.profile = profile
    }

    private static let switches = [
        "--headless=new", "--remote-debugging-port=0", "--lang=en-US",
        // Tests run as root and in containers, where Chromium's own sandbox and /dev/shm are unavailable.
        "--no-sandbox", "--disable-dev-shm-usage",
        // Without a graphics card WebGL would be rendered in software; without WebGL the terminal's lines are also in
        // the page.
        "--disable-gpu", "--disable-3d-apis", "--hide-scrollbars",
        // No connection leaves this machine, and no name is looked up.
        "--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--no-first-run", "--no-default-browser-check", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--disable-extensions", "--disable-default-apps", "--no-pings", "--password-store=basic",
        "--disable-features=Translate,MediaRouter,OptimizationHints", "about:blank",
    ]

    private static func connect(_ profile: String, _ pid: pid_t) async throws -> DevTools {
        let active = try await eventually("Chromium says where it listens", within: startLimit) { () -> [Substring]? in
            if kill(pid, 0) != 0 { throw FleetError("Chromium has ended: \(log(profile))") }
            let file = profile + "/data/DevToolsActivePort"
            let lines = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
                .split(separator: "\n")
            return lines.count == 2 ? lines : nil
        }
        guard let port = Int(active[0]) else { throw FleetError("Chromium listens nowhere: \(active)") }
        return try await DevTools(port: port, path: String(active[1]))
    }

    private static func log(_ profile: String) -> String {
        String(
            String(decoding: FileManager.default.contents(atPath: profile + "/log") ?? Data(), as: UTF8.self).suffix(
                1500))
    }

    /// Opens a window that shares no cookies and no cache with others.
    func open() async throws -> Tab {
        let context = try await devTools.call("Target.createBrowserContext")["browserContextId"]
        return try await Tab(in: self, context: context)
    }

    /// The SHA-256 of a certificate's public key, in Chromium's format for trusting the certificate.
    private static func keyDigest(_ path: String) throws -> String {
        guard let file = BIO_new_file(path, "r") else { throw FleetError("\(path) cannot be read") }
        defer { BIO_free(file) }
        guard let certificate = PEM_read_bio_X509(file, nil, nil, nil) else {
            throw FleetError("\(path) is no certificate")
        }
        defer { X509_free(certificate) }
        var encoded: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded)
        guard count > 0, let encoded else { throw FleetError("\(path) has no key") }
        defer { CRYPTO_free(encoded, nil, 0) }
        var digest = [UInt8](repeating: 0, count: 32)
        SHA256(encoded, Int(count), &digest)
        return Data(digest).base64EncodedString()
    }

    fileprivate func close() async {
        // Its answer races with its exit, and either is fine.
        _ = try? await devTools.call("Browser.close")
        do {
            _ = try await ChildExit.wait(pid, within: .seconds(10))
        } catch {
            kill(pid, SIGKILL)
            _ = try? await ChildExit.wait(pid, within: .seconds(10))
        }
        // Its helper processes may still write to the profile after it has exited.
        _ = try? await eventually("the profile is gone", within: .seconds(5)) { [profile] in
            try FileManager.default.removeItem(atPath: profile)
            return true
        }
    }
}

/// Runs a test with its own Carrel and its own browser.
func withChromium(_ plan: Plan = Plan(), _ test: (Fleet, Chromium) async throws -> Void) async throws {
    try await withFleet(plan) { fleet in
        let chromium = try await Chromium(fleet)
        do {
            try await test(fleet, chromium)
        } catch {
            await chromium.close()
            throw error
        }
        await chromium.close()
    }
}
