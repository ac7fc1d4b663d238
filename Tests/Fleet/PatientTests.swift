import Testing

@testable import FleetSupport

/// Like `FleetTests`, but these mostly wait: for timeouts, for restarts of the broker. A line of their own beside the
/// others', so that the machine's processors have something to do meanwhile.
@Suite(
    "A fleet, over a while", .serialized,
    .enabled(if: !Engine.all.isEmpty, "needs real engines: run Scripts/test, which starts them"))
enum PatientTests {}
