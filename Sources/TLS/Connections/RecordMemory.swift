import Glibc
import Synchronization

/// OpenSSL's record-sized blocks, in an address range of their own: they are allocated and freed with the traffic, and
/// would fragment the heap of small blocks that live as long as a connection.
///
/// Any thread. The lock is held for a few instructions, and for a system call when many blocks are freed; a busy
/// connection keeps its blocks, so no request waits for the lock.
enum RecordMemory {
    /// Sizes of the blocks, in bytes, that are allocated here.
    static let sizes = (8 * 1024)...slotBytes
    /// Whole pages, large enough for a record, its header and alignment.
    static let slotBytes = 20 * 1024
    /// The number of slots: 1 GiB of address space. Beyond that, blocks come from `malloc`.
    static let slots = 52_428
    /// Free slots that keep their memory.
    static let keptSlots = 64

    private struct State: @unchecked Sendable {
        // Unchecked: the base is set once, under the lock, and the address is valid on every thread.
        var base: UnsafeMutableRawPointer?
        var hasFailed = false
        /// Slots from this index on have never been used.
        var untouched = 0
        /// Free slots that still hold memory (`warm`) and free slots that do not (`cold`).
        var warm: [UInt32] = []
        var cold: [UInt32] = []
    }

    private static let state = Mutex(State())

    /// `nil` when no slot is free: the caller falls back to `malloc`.
    static func take() -> UnsafeMutableRawPointer? {
        state.withLock { state -> Address in
            guard let base = state.base ?? reserve(&state) else { return Address(nil) }
            if let slot = state.warm.popLast() ?? state.cold.popLast() { return Address(base + Int(slot) * slotBytes) }
            guard state.untouched < slots else { return Address(nil) }
            state.untouched += 1
            return Address(base + (state.untouched - 1) * slotBytes)
        }.pointer
    }

    /// Frees the block if it came from here, and returns whether it did.
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

    /// Returns the memory of free slots to the system.
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

    /// Carries an address through the lock. `@unchecked Sendable`: the memory belongs to the caller.
    private struct Address: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer?
        init(_ pointer: UnsafeMutableRawPointer?) { self.pointer = pointer }
    }
}
