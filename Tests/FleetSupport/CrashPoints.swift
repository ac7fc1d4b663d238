import Foundation
import Synchronization

/// The writes and syncs of a broker's database, one of which the broker is to die at: `Scripts/lib/crash-vfs.c`, which
/// `Scripts/test` compiles, beneath the real binary's SQLite.
///
/// `@unchecked Sendable` because what it points to is one atomic number, which the broker has mapped, too, and which
/// both sides only exchange whole: were it read here and written then, the broker could pass its point in between.
final class CrashPoints: @unchecked Sendable {
    /// The compiled library; absent when the tests run without `Scripts/test`.
    static let library = ProcessInfo.processInfo.environment["CARREL_TEST_CRASH_VFS"]

    /// As in the library: it is dying.
    private static let dying = UInt64.max
    private static let size = MemoryLayout<UInt64>.size

    private let path: String
    /// How many points are left, the fatal one among them; 0 for none.
    private let left: UnsafeMutablePointer<Atomic<UInt64>>

    /// - Parameter path: a file of the test's own, through which the broker is told.
    init(path: String) throws {
        self.path = path
        try Data(count: Self.size).write(to: URL(fileURLWithPath: path))
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw FleetError("\(path) cannot be opened: errno \(errno)") }
        defer { close(descriptor) }
        let place = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let place, place != MAP_FAILED else { throw FleetError("\(path) cannot be mapped: errno \(errno)") }
        left = place.assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    deinit { munmap(left, Self.size) }

    /// What makes a command run on it.
    func prefix() throws -> [String] {
        guard let library = Self.library else { throw FleetError("there is no library: run Scripts/test") }
        return ["env", "LD_PRELOAD=\(library)", "CRASH_VFS=\(path)"]
    }

    /// The broker dies at the `number`th from now, counted from 1.
    func die(at number: UInt64) { left.pointee.store(number, ordering: .sequentiallyConsistent) }

    /// The broker dies no more.
    /// - Returns: whether it came to its point before: then it is dead, or just dying.
    func disarm() -> Bool { left.pointee.exchange(0, ordering: .sequentiallyConsistent) == Self.dying }
}
