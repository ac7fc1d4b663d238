import Testing

@testable import FleetSupport

/// The whole house on real Docker Engines, with real JupyterLabs, the real binary and clients of its own.
/// One test after the other, beside those of `PatientTests`: they share the engines and this machine's processors.
@Suite(
    "A fleet", .serialized,
    .enabled(if: !Engine.all.isEmpty, "needs real engines: run Scripts/test, which starts them"))
enum FleetTests {}
