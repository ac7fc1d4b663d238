import Foundation
import Synchronization

/// The writes and syncs of a broker's database at which the broker can be made to die: `Scripts/lib/crash-vfs.c`, which
/// `Scripts/test` compiles, is loaded beneath the SQLite of the real binary.
///
/// `@unchecked Sendable` because it points to one atomic number, which the broker maps too. Both sides only exchange
/// it: if it were read and then written, the broker could pass its crash point in between.
final class CrashPoints: @unchecked Sendable {
    /// The compiled library; absent when the tests run without `Scripts/test`.
    static let library = ProcessInfo.processInfo.environment["CARREL_TEST_CRASH_VFS"]

    /// The library's marker: the broker is dying.
    private static let dying = UInt64.max
    private static let size = MemoryLayout<UInt64>.size

    private let path: String
    /// The number of points left, including the fatal one; 0 for none.
    private let left: UnsafeMutablePointer<Atomic<UInt64>>

    /// - Parameter path: a file of the test's own, shared with the broker.
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

    /// The command prefix that loads the library.
    func prefix() throws -> [String] {
        guard let library = Self.library else { throw FleetError("there is no library: run Scripts/test") }
        return ["env", "LD_PRELOAD=\(library)", "CRASH_VFS=\(path)"]
    }

    /// Makes the broker die at the `number`th point from now, counted from 1.
    func die(at number: UInt64) { left.pointee.store(number, ordering: .sequentiallyConsistent) }

    /// Disarms the crash point.
    /// - Returns: whether the broker had already reached its crash point: then it is dead or dying.
    func disarm() -> Bool { left.pointee.exchange(0, ordering: .sequentiallyConsistent) == Self.dying }
}
