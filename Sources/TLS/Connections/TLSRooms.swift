/// Buffers that the TLS connections of one thread share, so that a busy connection allocates nothing and an idle one
/// holds nothing. Confined to that thread; connections retain it.
public final class TLSRooms {
    /// Bytes of one buffer: what `TransportLimits` encrypts at a time, plus the overhead of the records.
    static let roomBytes = 72 * 1024
    /// Unused buffers that are kept.
    private static let keptRooms = 2

    // Exclusivity checks are off where no code that runs during an access can access the same property again.
    @exclusivity(unchecked) private var unused: [UnsafeMutableRawBufferPointer] = []
    /// The buffer in which two pieces of plaintext are joined into one record; used within one call only.
    let record = UnsafeMutableRawBufferPointer.allocate(byteCount: TLSConnection.largestRecord, alignment: 16)

    public init() { unused.reserveCapacity(Self.keptRooms) }

    deinit {
        for room in unused { room.deallocate() }
        record.deallocate()
    }

    func take() -> UnsafeMutableRawBufferPointer {
        unused.popLast() ?? .allocate(byteCount: Self.roomBytes, alignment: 16)
    }

    func giveBack(_ room: UnsafeMutableRawBufferPointer) {
        if unused.count < Self.keptRooms { unused.append(room) } else { room.deallocate() }
    }
}
