import Foundation
import Synchronization

/// The writes and syncs of a broker's database, one of which the broker is to die at: `Scripts/lib/crash-vfs.c`, which
/// `Scripts/test` compiles, beneath the real binary's SQLite.
final class CrashPoints: Sendable {
    /// The compiled library; absent when the tests run without `Scripts/test`.
    static let library = ProcessInfo.processInfo.environment["CARREL_TEST_CRASH_VFS"]

    private let path: String

    /// - Parameter path: a file of the test's own, through which the broker is told.
    init(path: String) throws {
        self.path = path
        try Data(count: 16).write(to: URL(fileURLWithPath: path))
    }

    /// What makes a command run on it.
    func prefix() throws -> [String] {
        guard let library = Self.library else { throw FleetError("there is no library: run Scripts/test") }
        return ["env", "LD_PRELOAD=\(library)", "CRASH_VFS=\(path)"]
    }

    /// How many there were so far, since the file was made.
    func passed() throws -> UInt64 { try number(at: 0) }

    private func number(at offset: Int) throws -> UInt64 {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        guard bytes.count == 16 else { throw FleetError("\(path) has \(bytes.count) bytes, not 16") }
        return bytes.withUnsafeBytes {
            UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
    }

    /// The broker dies at the `number`th from now, counted from 1.
    func die(at number: UInt64) throws { try set(target: try passed() + number) }

    /// The broker dies no more.
    /// - Returns: whether it came to its point before: then it is dead, or just dying.
    func disarm() throws -> Bool {
        let target = try number(at: 8)
        try set(target: 0)
        return try target != 0 && passed() >= target
    }

    private func set(target: UInt64) throws {
        var target = target.littleEndian
        // In its place, for the broker has the file mapped.
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.seek(toOffset: 8)
        try file.write(contentsOf: withUnsafeBytes(of: &target) { Data($0) })
        try file.close()
    }
}
