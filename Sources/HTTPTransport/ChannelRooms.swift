import EventLoop
import TLS

/// What the channels of one loop share, so that a busy channel allocates nothing and an idle one holds nothing: working
/// memory, and the look at which of them have become idle. Confined to its loop; the channels hold it.
public final class ChannelRooms {
    public let tls = TLSRooms()
    private let plaintext = UnsafeMutableRawBufferPointer.allocate(
        byteCount: TransportLimits.plaintextBytes, alignment: 16)
    private var isPlaintextLent = false
    private let loop: Loop
    /// Channels that may hold buffers; each knows its place here.
    private var busy: [Unmanaged<ByteChannel>] = []
    private var lookTimer: LoopTimer?
    /// So many releases at once are worth a look at the whole heap (16 of them hold half a megabyte).
    private static let releasesBeforeTrim = 16

    public init(on loop: Loop) { self.loop = loop }

    deinit {
        lookTimer?.cancel()
        plaintext.deallocate()
    }

    /// Room for one record's plaintext. It is lent once at a time; who comes within that gets room of its own.
    func withPlaintext(_ body: (UnsafeMutableRawBufferPointer) -> Void) {
        guard !isPlaintextLent else {
            return withUnsafeTemporaryAllocation(byteCount: TransportLimits.plaintextBytes, alignment: 16, body)
        }
        isPlaintextLent = true
        body(plaintext)
        isPlaintextLent = false
    }

    /// The channel reads or writes; when it has not for a while, it is told to release its buffers. It is not held, and
    /// must call `remove` before it goes.
    func add(_ channel: ByteChannel) {
        channel.place = busy.count
        busy.append(.passUnretained(channel))
        if lookTimer == nil { scheduleLook() }
    }

    /// It is cancelled before the rooms go; a weak reference would make every count of the others' a detour.
    private func scheduleLook() {
        lookTimer = loop.schedule(after: TransportLimits.bufferIdleInterval) { [unowned(unsafe) self] in look() }
    }

    func remove(_ channel: ByteChannel) {
        guard let place = channel.place else { return }
        channel.place = nil
        let last = busy.removeLast()
        if place < busy.count {
            busy[place] = last
            last.takeUnretainedValue().place = place
        }
    }

    private func look() {
        lookTimer = nil
        var released = 0
        var index = 0
        while index < busy.count {
            let channel = busy[index].takeUnretainedValue()
            if channel.isActive {
                channel.isActive = false
                index += 1
            } else {
                // Another one takes this place.
                remove(channel)
                channel.releaseBuffers()
                released += 1
            }
        }
        // What they held lies between what lives on: the allocator would keep it for itself.
        if released >= Self.releasesBeforeTrim || (released > 0 && busy.isEmpty) {
            LibraryMemory.release()
            Heap.giveBack()
        }
        if !busy.isEmpty { scheduleLook() }
    }
}
