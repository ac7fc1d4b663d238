import Testing

@testable import FleetSupport

/// Like `FleetTests`, but these mostly wait: for timeouts, for restarts of the broker. They run in parallel with the
/// others, so that the machine's processors are used meanwhile.
@Suite(
    "A fleet, over a while", .serialized,
    .enabled(if: !Engine.all.isEmpty, "needs real engines: run Scripts/test, which starts them"))
enum PatientTests {}
