import EventLoop
import TLS

/// The state that the channels of one loop share, so that a busy channel allocates nothing and an idle one holds
/// nothing: buffers, and the check for idle channels. Confined to its loop; the channels retain it.
public final class ChannelRooms {
    public let tls = TLSRooms()
    private let plaintext = UnsafeMutableRawBufferPointer.allocate(
        byteCount: TransportLimits.plaintextBytes, alignment: 16)
    private var isPlaintextLent = false
    private let loop: Loop
    /// Channels that may hold buffers; each knows its index here.
    private var busy: [Unmanaged<ByteChannel>] = []
    private var lookTimer: LoopTimer?
    /// So many releases at once justify trimming the whole heap (16 of them hold half a megabyte).
    private static let releasesBeforeTrim = 16

    public init(on loop: Loop) { self.loop = loop }

    deinit {
        lookTimer?.cancel()
        plaintext.deallocate()
    }

    /// A buffer for one record's plaintext. Only one caller can borrow it at a time; nested calls get a temporary
    /// buffer.
    func withPlaintext(_ body: (UnsafeMutableRawBufferPointer) -> Void) {
        guard !isPlaintextLent else {
            return withUnsafeTemporaryAllocation(byteCount: TransportLimits.plaintextBytes, alignment: 16, body)
        }
        isPlaintextLent = true
        body(plaintext)
        isPlaintextLent = false
    }

    /// Registers a channel that reads or writes; when it has been idle for a while, it is told to release its buffers.
    /// The channel is not retained, and must call `remove` before it is deallocated.
    func add(_ channel: ByteChannel) {
        channel.place = busy.count
        busy.append(.passUnretained(channel))
        if lookTimer == nil { scheduleLook() }
    }

    /// `deinit` cancels the timer; a weak reference would slow down every retain and release of this object.
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
                // Removal moves another channel to this index.
                remove(channel)
                channel.releaseBuffers()
                released += 1
            }
        }
        // The buffers were interspersed with live memory, so the allocator would keep their pages.
        if released >= Self.releasesBeforeTrim || (released > 0 && busy.isEmpty) {
            LibraryMemory.release()
            Heap.giveBack()
        }
        if !busy.isEmpty { scheduleLook() }
    }
}
