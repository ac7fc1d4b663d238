import EventLoop
import Glibc
import Synchronization

/// A file that gets one JSON line per exchange, written by a thread of its own: no loop of the edge waits for the disk.
///
/// Any thread. The edge's loops hand over whole buffers; `reopen()` after the file was moved away (logrotate).
public final class AccessLog: Sendable {
    /// Bytes that one loop gathers before it hands them over, and that it may have waiting: two buffers.
    static let bufferBytes = 256 * 1024
    /// How long a line may wait to be handed over.
    static let flushInterval = Duration.seconds(1)

    public let path: String
    let loop = Loop(name: "access log")
    private let file: Mutex<Int32>
    private let failed = Atomic<UInt64>(0)

    /// Opens the file for appending, or makes it, readable for its owner and group.
    /// - Throws: what the kernel said.
    public init(path: String) throws(StreamError) {
        self.path = path
        file = Mutex(try Self.open(path))
    }

    deinit { file.withLock { _ = Glibc.close($0) } }

    /// Goes on in the file of that name, which may be another by now. An error keeps the file as it is.
    public func reopen() throws(StreamError) {
        let fresh = try Self.open(path)
        let old = file.withLock { file in
            defer { file = fresh }
            return file
        }
        Glibc.close(old)
    }

    /// Writes what was handed over, and ends its thread.
    public func close() async { await loop.stop() }

    /// Lines that the file did not take: a full disk.
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
/// `@unchecked Sendable` because it is touched on its loop alone: the writer only passes it on, back to that loop.
final class LoopLog: @unchecked Sendable {
    private let log: AccessLog
    private unowned let home: EdgeLoop
    private var lines: [UInt8] = []
    /// The other buffer, with lines that were written already; nil while it is with the writer.
    private var spare: [UInt8]? = []
    private var date = DateText()
    private var timer: LoopTimer?

    init(_ log: AccessLog, home: EdgeLoop) {
        self.log = log
        self.home = home
    }

    func add(_ record: ExchangeRecord, client: String, isCut: Bool) {
        if lines.count >= AccessLog.bufferBytes { flush() }
        // The writer is behind by two buffers: rather lose a line than wait or grow.
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

    /// Hands over what there is, if the writer has given back what it got before.
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

    /// The edge ends: everything is handed over.
    func close() {
        timer?.cancel()
        timer = nil
        let rest = lines
        lines = []
        log.loop.post { [log] in log.write(rest) }
    }
}
