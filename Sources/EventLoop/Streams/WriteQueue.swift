import Glibc

/// The bytes a stream still owes its kernel: one run that libuv is writing, and one behind it that grows. However many
/// small writes come while the peer is slow, they leave together.
///
/// Owns its two blocks of memory; the one in flight must not move or be freed while libuv writes from it.
struct WriteQueue {
    private(set) var inFlight = Bytes()
    private(set) var waiting = Bytes()
    /// The owner half closed: nothing may be added, and the end follows what is queued.
    var isEnding = false

    /// A block from `malloc`, with how much of it is filled.
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

    /// Puts what waits in flight. Only when nothing is.
    mutating func launch() -> (base: UnsafeMutableRawPointer, count: Int)? {
        precondition(!isInFlight)
        guard waiting.count > 0 else { return nil }
        swap(&inFlight, &waiting)
        return (inFlight.base!, inFlight.count)
    }

    /// What was in flight has left. When nothing waits all memory is given back: an idle stream holds none.
    mutating func land() {
        inFlight.empty(keeping: waiting.count > 0 ? EventLoopLimits.keptQueueBytes : 0)
        if waiting.count == 0 { waiting.empty(keeping: 0) }
    }

    mutating func dropWaiting() {
        waiting.empty(keeping: 0)
    }

    /// Only when libuv writes no more.
    mutating func releaseMemory() {
        inFlight.empty(keeping: 0)
        waiting.empty(keeping: 0)
    }
}
