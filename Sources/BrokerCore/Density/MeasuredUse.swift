import Identity

/// One reading of a running container, which is named as in `ObservedContainer`.
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

/// The measured use of one container since this broker's first reading of it.
public struct SeatUse: Hashable, Sendable {
    /// The latest working set and the peak; in bytes.
    public private(set) var memoryBytes: Int64
    public private(set) var peakMemoryBytes: Int64
    /// CPU use between the last two readings, in thousandths of a CPU; `nil` before the second.
    public private(set) var cpuMillis: Int64?
    private(set) var samples = 1
    private let first: Reading
    private var last: Reading

    /// The fields by which readings are compared. Kept small: there are a hundred thousand of these.
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

    /// Average over all readings, in thousandths of a CPU; `nil` if no time passed between them.
    var averageCPUMillis: Int64? { Self.cpuMillis(from: first, to: last) }

    /// `nil` if the clock was set back, or the container was restarted, between the two.
    private static func cpuMillis(from old: Reading, to new: Reading) -> Int64? {
        let span = (new.at - old.at).wholeMilliseconds
        guard span > 0, new.cpuNanoseconds >= old.cpuNanoseconds else { return nil }
        // Nanoseconds per millisecond are millionths of a CPU.
        return Int64(clamping: (new.cpuNanoseconds - old.cpuNanoseconds) / UInt64(span) / 1000)
    }
}

/// Measured use and learned profiles. Not part of the records: measurements stay valid, so a rollback does not touch
/// them, except for when profiles are written.
struct MeasuredUse: Sendable {
    /// The measured use of the containers of each host's sessions and warm seats.
    var seats: [String: [Run: SeatUse]] = [:]
    /// By lab, including labs that the catalogue no longer has.
    var profiles: [LabKey: UsageProfile] = [:]
    /// What a seat is charged under `profiled`, for labs where that is less than what they request.
    var charges: [LabKey: Int64] = [:]
    /// Labs whose profile is newer than the one on disk.
    var unwritten: Set<LabKey> = []
    var writtenAt: Timestamp?

    /// Total working set of the containers on a host, in bytes; `nil` before the first reading.
    func memoryBytes(on host: String) -> Int64? { seats[host].map { $0.values.reduce(0) { $0 + $1.memoryBytes } } }
}
