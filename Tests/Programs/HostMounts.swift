import Foundation

/// The mount table of this machine, `proc_pid_mountinfo(5)` of process 1: the tests may run in a mount namespace of
/// their own, and the engines do not.
///
/// `String(contentsOfFile:)` would return no more than what one `read` of such a file returns, which is 4 KiB.
public func hostMounts() throws -> String {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/1/mountinfo"))
    defer { try? file.close() }
    return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
}
