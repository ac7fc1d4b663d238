import EventLoop
import Glibc
import Synchronization

/// A file that gets one JSON line per exchange, written by a thread of its own, so that no loop of the edge waits for
/// the disk.
///
/// Any thread. The edge's loops hand over whole buffers; call `reopen()` after the file was moved away (logrotate).
public final class AccessLog: Sendable {
    /// Bytes that one loop gathers before it hands them over; it may have two such buffers.
    static let bufferBytes = 256 * 1024
    /// The longest time before a line is handed over.
    static let flushInterval = Duration.seconds(1)

    public let path: String
    let loop = Loop(name: "access log")
    private let file: Mutex<Int32>
    private let failed = Atomic<UInt64>(0)

    /// Opens the file for appending, or creates it, readable for its owner and group.
    /// - Throws: the kernel's error.
    public init(path: String) throws(StreamError) {
        self.path = path
        file = Mutex(try Self.open(path))
    }

    deinit { file.withLock { _ = Glibc.close($0) } }

    /// Reopens the file by its name, which may be a new file by now. If that fails, it keeps writing to the old one.
    public func reopen() throws(StreamError) {
        let fresh = try Self.open(path)
        let old = file.withLock { file in
            defer { file = fresh }
            return file
        }
        Glibc.close(old)
    }

    /// Writes the buffers that were handed over, and ends its thread.
    public func close() async { await loop.stop() }

    /// Lines that could not be written, for example because the disk is full.
    var failedLines: UInt64 { failed.load(ordering: .relaxed) }

    func write(_ bytes: [UInt8]) {
        let isWritten = file.withLock { file in
            bytes.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = Glibc.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                    if count > 0 {
                        rest = rest.dropFirst(count)
                    } else if errno != EINTR {
                        return false
                    }
                }
                return true
            }
        }
        if !isWritten {
            failed.add(UInt64(bytes.count { $0 == UInt8(ascii: "\n") }), ordering: .relaxed)
        }
    }

    private static func open(_ path: String) throws(StreamError) -> Int32 {
        let file = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        guard file >= 0 else { throw StreamError(code: -errno, operation: "open the access log \(path)") }
        return file
    }
}

/// One loop's lines on their way to the access log.
///
/// `@unchecked Sendable` because it is touched on its loop alone: the writer only passes it back to that loop.
final class LoopLog: @unchecked Sendable {
    private let log: AccessLog
    private unowned let home: EdgeLoop
    private var lines: [UInt8] = []
    /// The other buffer, whose lines have been written; `nil` while the writer has it.
    private var spare: [UInt8]? = []
    private var date = DateText()
    private var timer: LoopTimer?

    init(_ log: AccessLog, home: EdgeLoop) {
        self.log = log
        self.home = home
    }

    func add(_ record: ExchangeRecord, client: String, isCut: Bool) {
        if lines.count >= AccessLog.bufferBytes { flush() }
        // The writer is two buffers behind: losing a line is better than blocking or growing.
        guard lines.count < AccessLog.bufferBytes else {
            home.metrics.droppedLogLines += 1
            return
        }
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        AccessLine.write(
            record, client: client, isCut: isCut, seconds: Int64(wall.tv_sec),
            milliseconds: Int64(wall.tv_nsec) / 1_000_000, now: MonotonicTime.current().nanoseconds, date: &date,
            into: &lines)
        if timer == nil {
            timer = home.loop.schedule(after: AccessLog.flushInterval) { [weak self] in
                self?.timer = nil
                self?.flush()
            }
        }
    }

    /// Hands over the current buffer, if the writer has returned the previous one.
    func flush() {
        guard !lines.isEmpty, var full = spare.take() else { return }
        swap(&full, &lines)
        lines.removeAll(keepingCapacity: true)
        let loop = home.loop
        log.loop.post { [log, full] in
            log.write(full)
            loop.post { self.spare = full }
        }
    }

    /// The edge is stopping: hands over everything.
    func close() {
        timer?.cancel()
        timer = nil
        let rest = lines
        lines = []
        log.loop.post { [log] in log.write(rest) }
    }
}
