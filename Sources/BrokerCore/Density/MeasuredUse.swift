/// One reading of a container that runs. It is named as in `ObservedContainer`.
public struct UsageSample: Hashable, Sendable {
    public var session: SessionID
    public var epoch: Int
    /// When the engine answered.
    public var at: Timestamp
    /// The working set, in bytes.
    public var memoryBytes: Int64
    /// CPU time since the container was started.
    public var cpuNanoseconds: UInt64

    public init(session: SessionID, epoch: Int, at: Timestamp, memoryBytes: Int64, cpuNanoseconds: UInt64) {
        self.session = session
        self.epoch = epoch
        self.at = at
        self.memoryBytes = memoryBytes
        self.cpuNanoseconds = cpuNanoseconds
    }
}

/// What one container was measured to use, since this broker first looked.
public struct SeatUse: Hashable, Sendable {
    /// The last working set, and the greatest; in bytes.
    public private(set) var memoryBytes: Int64
    public private(set) var peakMemoryBytes: Int64
    /// Between the last two readings, in thousandths of a CPU; `nil` before the second.
    public private(set) var cpuMillis: Int64?
    private(set) var samples = 1
    private let first: Reading
    private var last: Reading

    /// What readings are compared by; there are a hundred thousand of these.
    private struct Reading: Hashable, Sendable {
        var at: Timestamp
        var cpuNanoseconds: UInt64

        init(_ sample: UsageSample) {
            at = sample.at
            cpuNanoseconds = sample.cpuNanoseconds
        }
    }

    init(_ sample: UsageSample) {
        memoryBytes = sample.memoryBytes
        peakMemoryBytes = sample.memoryBytes
        first = Reading(sample)
        last = first
    }

    mutating func add(_ sample: UsageSample) {
        samples += 1
        memoryBytes = sample.memoryBytes
        peakMemoryBytes = max(peakMemoryBytes, sample.memoryBytes)
        let reading = Reading(sample)
        cpuMillis = Self.cpuMillis(from: last, to: reading)
        last = reading
    }

    /// Over all readings, in thousandths of a CPU; `nil` where there is no time between them.
    var averageCPUMillis: Int64? { Self.cpuMillis(from: first, to: last) }

    /// `nil` where the clock was set back, or the container was started again, between the two.
    private static func cpuMillis(from old: Reading, to new: Reading) -> Int64? {
        let span = (new.at - old.at).wholeMilliseconds
        guard span > 0, new.cpuNanoseconds >= old.cpuNanoseconds else { return nil }
        // Nanoseconds in a millisecond are millionths of a CPU.
        return Int64(clamping: (new.cpuNanoseconds - old.cpuNanoseconds) / UInt64(span) / 1000)
    }
}

/// What was measured and learned. No part of the records: a rollback leaves it as it is, for it was measured all the
/// same; but for when profiles are written.
struct MeasuredUse: Sendable {
    /// The containers of the sessions and warm seats of each host, as far as they were measured.
    var seats: [String: [Run: SeatUse]] = [:]
    /// By lab; also of labs that the catalogue does not have any more.
    var profiles: [String: UsageProfile] = [:]
    /// What a seat counts for under `profiled`, where that is less than what its lab asks.
    var charges: [String: Int64] = [:]
    /// Labs whose profile is newer than what is on disk.
    var unwritten: Set<String> = []
    var writtenAt: Timestamp?

    /// Working sets of what runs on a host, in bytes; `nil` before the first reading.
    func memoryBytes(on host: String) -> Int64? { seats[host].map { $0.values.reduce(0) { $0 + $1.memoryBytes } } }
}
