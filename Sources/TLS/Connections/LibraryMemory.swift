import COpenSSL
import Glibc

/// OpenSSL's small blocks, kept by the thread that freed them for the next that asks: OpenSSL allocates several for every
/// record, and hundreds for every handshake, and once a thread is warm none of them reaches `malloc`.
///
/// Every block is one of `malloc`'s, or of `RecordMemory`'s, which tells its own by their addresses: so it does not matter
/// which thread frees it, nor whether it was allocated before this was put in place. What a thread keeps is bounded by
/// `keptBytes`, and freed when the thread ends. OpenSSL wipes what is secret before it frees it.
///
/// Any thread: each touches its own cache alone, which it finds by a key of `pthread`.
public enum LibraryMemory {
    /// Bytes of small blocks that one thread keeps.
    static let keptBytes = 256 * 1024
    /// The largest of the small blocks.
    static let largestBytes = 1032
    /// Sizes are those of glibc's blocks, 24 and then 16 more each: no byte is lost to rounding.
    static let smallestBytes = 24
    static let stepBytes = 16
    private static let pageBytes: UInt = 4096
    private static let classes = (largestBytes - smallestBytes) / stepBytes + 1

    /// A free block holds the address of the next one of its size.
    private struct Free {
        var next: UnsafeMutablePointer<Free>?
    }

    /// One thread's: the first free block of each size stands behind it.
    private struct Cache {
        var kept = 0
        /// How often it asked `malloc`.
        var mallocs = 0
    }

    /// The free blocks of one size.
    private typealias Slot = UnsafeMutablePointer<UnsafeMutablePointer<Free>?>

    private static let headerBytes = MemoryLayout<Cache>.stride

    /// Where each thread finds its cache. Not a constant, so that it is read without asking whether it was
    /// made yet; it never changes once OpenSSL asks for memory.
    @exclusivity(unchecked) nonisolated(unsafe) private static var key: pthread_key_t = 0

    private static let makeKey: Void = {
        guard pthread_key_create(&key, { LibraryMemory.end($0) }) == 0 else { fatalError("out of thread keys") }
    }()

    /// Before all else; `install` does it.
    static func prepare() { _ = makeKey }

    /// Puts it in place, for the rest of the process. To be called before anything else of OpenSSL's.
    /// - Returns: false when OpenSSL has allocated something already; it then goes on as it began.
    @discardableResult
    public static func install() -> Bool {
        prepare()
        return CRYPTO_set_mem_functions(
            { count, _, _ in LibraryMemory.take(count) },
            { block, count, _, _ in LibraryMemory.resize(block, count) },
            { block, _, _ in LibraryMemory.giveBack(block) }) == 1
    }

    static func take(_ count: Int) -> UnsafeMutableRawPointer? {
        guard count > 0, let cache = pthread_getspecific(key) ?? begin() else { return nil }
        let state = cache.assumingMemoryBound(to: Cache.self)
        guard count <= largestBytes else { return takeLarge(count, state) }
        let place = (max(count, smallestBytes) - smallestBytes + stepBytes - 1) / stepBytes
        let size = smallestBytes + place * stepBytes
        let slot = slot(place, of: cache)
        guard let block = slot.pointee else {
            state.pointee.mallocs += 1
            return malloc(size)
        }
        slot.pointee = block.pointee.next
        state.pointee.kept -= size
        return UnsafeMutableRawPointer(block)
    }

    private static func takeLarge(_ count: Int, _ state: UnsafeMutablePointer<Cache>) -> UnsafeMutableRawPointer? {
        if RecordMemory.sizes.contains(count), let block = RecordMemory.take() { return block }
        state.pointee.mallocs += 1
        return malloc(count)
    }

    static func giveBack(_ block: UnsafeMutableRawPointer?) {
        guard let block else { return }
        // What is a record's begins a page; few blocks of malloc's do.
        if UInt(bitPattern: block) % pageBytes == 0, RecordMemory.giveBack(block) { return }
        let count = carrel_malloc_usable_size(block)
        // A thread that only frees keeps nothing.
        guard count <= largestBytes, count >= smallestBytes, let cache = pthread_getspecific(key) else {
            return free(block)
        }
        let place = (count - smallestBytes) / stepBytes
        let state = cache.assumingMemoryBound(to: Cache.self)
        let size = smallestBytes + place * stepBytes
        guard state.pointee.kept + size <= keptBytes else { return free(block) }
        state.pointee.kept += size
        let slot = slot(place, of: cache)
        let next = slot.pointee
        slot.pointee = block.bindMemory(to: Free.self, capacity: 1)
        slot.pointee?.pointee.next = next
    }

    /// Frees what the calling thread keeps, and what no record needs: connections have become idle.
    public static func release() {
        // Where it was never installed, as in tests, there would be no key of ours: another library's would be taken for it.
        prepare()
        RecordMemory.release()
        guard let cache = pthread_getspecific(key) else { return }
        pthread_setspecific(key, nil)
        end(cache)
    }

    static func resize(_ block: UnsafeMutableRawPointer?, _ count: Int) -> UnsafeMutableRawPointer? {
        guard let block else { return take(count) }
        guard count > 0 else {
            giveBack(block)
            return nil
        }
        if UInt(bitPattern: block) % pageBytes == 0, RecordMemory.holds(block) {
            if count <= RecordMemory.slotBytes { return block }
            guard let larger = take(count) else { return nil }
            memcpy(larger, block, RecordMemory.slotBytes)
            giveBack(block)
            return larger
        }
        pthread_getspecific(key)?.assumingMemoryBound(to: Cache.self).pointee.mallocs += 1
        return realloc(block, count)
    }

    /// Bytes that the calling thread keeps.
    static var kept: Int { pthread_getspecific(key)?.assumingMemoryBound(to: Cache.self).pointee.kept ?? 0 }

    /// How often the calling thread had to ask `malloc`.
    static var mallocs: Int { pthread_getspecific(key)?.assumingMemoryBound(to: Cache.self).pointee.mallocs ?? 0 }

    /// The calling thread's first block.
    private static func begin() -> UnsafeMutableRawPointer? {
        guard let cache = calloc(1, headerBytes + classes * MemoryLayout<UnsafeMutableRawPointer?>.size) else {
            return nil
        }
        pthread_setspecific(key, cache)
        return cache
    }

    private static func slot(_ place: Int, of cache: UnsafeMutableRawPointer) -> Slot {
        (cache + headerBytes).assumingMemoryBound(to: UnsafeMutablePointer<Free>?.self) + place
    }

    /// The thread ends, and what it kept goes.
    private static func end(_ cache: UnsafeMutableRawPointer?) {
        guard let cache else { return }
        for place in 0..<classes { free(all: slot(place, of: cache).pointee) }
        free(cache)
    }

    private static func free(all first: UnsafeMutablePointer<Free>?) {
        var block = first
        while let current = block {
            block = current.pointee.next
            free(current)
        }
    }

    private static func free(_ block: UnsafeMutableRawPointer) { Glibc.free(block) }
}
