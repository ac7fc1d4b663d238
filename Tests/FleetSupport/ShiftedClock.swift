import Foundation

/// A broker's wall clock, which the test can set: `Scripts/lib/shift-clock.c`, which `Scripts/test` compiles.
final class ShiftedClock: Sendable {
    /// The compiled library; absent when the tests run without `Scripts/test`.
    static let library = ProcessInfo.processInfo.environment["CARREL_TEST_SHIFT_CLOCK"]

    private let path: String

    /// - Parameter path: a file of the test's own, which the broker's library reads.
    init(path: String) throws {
        self.path = path
        try set(by: 0)
    }

    /// The command prefix that loads the library.
    func prefix() throws -> [String] {
        guard let library = Self.library else { throw FleetError("there is no library: run Scripts/test") }
        return ["env", "LD_PRELOAD=\(library)", "SHIFTED_CLOCK=\(path)"]
    }

    /// Sets the broker's clock this number of seconds ahead of ours, or behind it if negative.
    func set(by seconds: Int) throws { try "\(seconds)".write(toFile: path, atomically: true, encoding: .utf8) }
}
