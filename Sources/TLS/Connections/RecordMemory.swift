import Glibc
import Synchronization

/// OpenSSL's blocks of the size of a record, in a range of addresses of their own: they come and go with what connections
/// do, and among the small blocks that live as long as a connection each would leave a hole behind.
///
/// Any thread. The lock is held for some instructions, and for a system call when many blocks are given back; a busy
/// connection keeps its blocks, so that no request waits for it.
enum RecordMemory {
    /// Sizes of the blocks that come from here.
    static let sizes = (8 * 1024)...slotBytes
    /// Whole pages, with room for a record, its header and what alignment takes.
    static let slotBytes = 20 * 1024
    /// Slots there are: a gibibyte of addresses. What is beyond them comes from `malloc`.
    static let slots = 52_428
    /// Slots that keep their memory while nobody has them.
    static let keptSlots = 64

    private struct State: @unchecked Sendable {
        // Unchecked: the base is set once, under the lock, and is an address of the whole process.
        var base: UnsafeMutableRawPointer?
        var hasFailed = false
        /// Slots from here on were never used.
        var untouched = 0
        /// Free slots with memory, and without.
        var warm: [UInt32] = []
        var cold: [UInt32] = []
    }

    private static let state = Mutex(State())

    /// `nil` when there is none: the caller asks `malloc`.
    static func take() -> UnsafeMutableRawPointer? {
        state.withLock { state -> Address in
            guard let base = state.base ?? reserve(&state) else { return Address(nil) }
            if let slot = state.warm.popLast() ?? state.cold.popLast() { return Address(base + Int(slot) * slotBytes) }
            guard state.untouched < slots else { return Address(nil) }
            state.untouched += 1
            return Address(base + (state.untouched - 1) * slotBytes)
        }.pointer
    }

    /// Whether the block came from here; then it is free again.
    static func giveBack(_ block: UnsafeMutableRawPointer) -> Bool {
        let block = Address(block)
        return state.withLock { state in
            guard let base = state.base, let pointer = block.pointer, pointer >= base,
                pointer < base + slots * slotBytes
            else { return false }
            let slot = UInt32((pointer - base) / slotBytes)
            if state.warm.count < keptSlots {
                state.warm.append(slot)
            } else {
                madvise(pointer, slotBytes, MADV_DONTNEED)
                state.cold.append(slot)
            }
            return true
        }
    }

    /// Whether a block came from here.
    static func holds(_ block: UnsafeMutableRawPointer) -> Bool {
        let block = Address(block)
        return state.withLock { state in
            guard let base = state.base, let pointer = block.pointer else { return false }
            return pointer >= base && pointer < base + slots * slotBytes
        }
    }

    /// Gives the memory of free slots back to the system.
    static func release() {
        state.withLock { state in
            guard let base = state.base else { return }
            for slot in state.warm {
                madvise(base + Int(slot) * slotBytes, slotBytes, MADV_DONTNEED)
            }
            state.cold += state.warm
            state.warm.removeAll(keepingCapacity: true)
        }
    }

    private static func reserve(_ state: inout State) -> UnsafeMutableRawPointer? {
        if state.hasFailed { return nil }
        let range = mmap(
            nil, slots * slotBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let range, range != MAP_FAILED else {
            state.hasFailed = true
            return nil
        }
        state.base = range
        return range
    }

    /// An address on its way through the lock. `@unchecked Sendable`: what it points to belongs to whoever asked.
    private struct Address: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer?
        init(_ pointer: UnsafeMutableRawPointer?) { self.pointer = pointer }
    }
}
