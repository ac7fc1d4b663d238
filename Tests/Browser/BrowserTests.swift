import Foundation
import Testing

@testable import FleetSupport

/// What a person sees: a real Chromium with the complete system on real Docker Engines, with real JupyterLabs. The
/// tests run one at a time, for the same reasons as the fleet's.
@Suite(
    "A browser", .serialized,
    .enabled(
        if: !Engine.all.isEmpty && ProcessInfo.processInfo.environment["CARREL_TEST_BINARY"] != nil,
        "needs real engines and the binary: run Scripts/test, which starts and builds them"),
    .enabled(if: Chromium.path != nil, "needs Debian's package chromium: run Scripts/test, which installs it"))
enum BrowserTests {}
