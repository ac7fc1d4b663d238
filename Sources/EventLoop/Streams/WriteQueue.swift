import Glibc

/// The bytes of a stream that the kernel has not accepted yet: one buffer that libuv is writing, and a second one that
/// grows behind it. However many small writes arrive while the peer is slow, they are sent together.
///
/// Owns both buffers; the one in flight must not move or be freed while libuv writes from it.
struct WriteQueue {
    private(set) var inFlight = Bytes()
    private(set) var waiting = Bytes()
    /// The owner has half-closed: nothing may be added, and the shutdown follows the queued bytes.
    var isEnding = false

    /// A block from `malloc`, and how much of it is filled.
    struct Bytes {
        var base: UnsafeMutableRawPointer?
        var count = 0
        var capacity = 0

        mutating func append(_ bytes: UnsafeRawBufferPointer) {
            guard let source = bytes.baseAddress, bytes.count > 0 else { return }
            let needed = count + bytes.count
            if needed > capacity {
                let grown = max(needed, capacity * 2, 4096)
                guard let larger = realloc(base, grown) else { fatalError("out of memory for \(grown) bytes to write") }
                base = larger
                capacity = grown
            }
            memcpy(base! + count, source, bytes.count)
            count = needed
        }

        mutating func empty(keeping limit: Int) {
            count = 0
            guard capacity > limit else { return }
            free(base)
            base = nil
            capacity = 0
        }
    }

    var isInFlight: Bool { inFlight.count > 0 }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        waiting.append(bytes)
    }

    /// Moves the waiting bytes in flight. Only when nothing is in flight.
    mutating func launch() -> (base: UnsafeMutableRawPointer, count: Int)? {
        precondition(!isInFlight)
        guard waiting.count > 0 else { return nil }
        swap(&inFlight, &waiting)
        return (inFlight.base!, inFlight.count)
    }

    /// The bytes in flight have been written. If nothing waits, all memory is freed: an idle stream holds none.
    mutating func land() {
        inFlight.empty(keeping: waiting.count > 0 ? EventLoopLimits.keptQueueBytes : 0)
        if waiting.count == 0 { waiting.empty(keeping: 0) }
    }

    mutating func dropWaiting() {
        waiting.empty(keeping: 0)
    }

    /// Only when libuv no longer writes.
    mutating func releaseMemory() {
        inFlight.empty(keeping: 0)
        waiting.empty(keeping: 0)
    }
}
