/// Working memory that the TLS connections of one thread lend from one another, so that a busy connection allocates
/// nothing and an idle one holds nothing. Confined to that thread, and it must outlive no connection: they hold it.
public final class TLSRooms {
    /// Bytes of one room: what `TransportLimits` encrypts at a time, with the records' overhead.
    static let roomBytes = 72 * 1024
    /// Rooms that are kept while nobody has them.
    private static let keptRooms = 2

    // Where exclusivity is unchecked, nothing that is called during a change or a look comes back to the same place.
    @exclusivity(unchecked) private var unused: [UnsafeMutableRawBufferPointer] = []
    /// Where two pieces of plaintext become one record; used within one call only.
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
