import Testing

@testable import FleetSupport

/// The complete system on real Docker Engines, with real JupyterLabs, the real binary and clients of its own. The tests
/// run one at a time, in parallel with those of `PatientTests`: they share the engines and this machine's processors.
@Suite(
    "A fleet", .serialized,
    .enabled(if: !Engine.all.isEmpty, "needs real engines: run Scripts/test, which starts them"))
enum FleetTests {}
