import COpenSSL
import Glibc

/// A per-thread cache of OpenSSL's small blocks: OpenSSL allocates several for every record, and hundreds for every
/// handshake, and once a thread is warm none of these allocations reaches `malloc`.
///
/// Every block comes from `malloc`, or from `RecordMemory`, which recognises its own by address. So any thread may free
/// a block, whether or not it was allocated before this cache was installed. A thread keeps at most `keptBytes`, which
/// are freed when it ends. OpenSSL wipes secrets before it frees them.
///
/// Any thread: each touches only its own cache, which it finds through a `pthread` key.
public enum LibraryMemory {
    /// Bytes of small blocks that one thread keeps.
    static let keptBytes = 256 * 1024
    /// The largest block, in bytes, that counts as small.
    static let largestBytes = 1032
    /// The size classes are glibc's, 24 bytes and then steps of 16, so that rounding wastes nothing.
    static let smallestBytes = 24
    static let stepBytes = 16
    private static let pageBytes: UInt = 4096
    private static let classes = (largestBytes - smallestBytes) / stepBytes + 1

    /// A free block holds the address of the next free block of its size.
    private struct Free {
        var next: UnsafeMutablePointer<Free>?
    }

    /// The cache of one thread; the list heads of the size classes follow it in memory.
    private struct Cache {
        var kept = 0
        /// How many times this thread had to call `malloc`.
        var mallocs = 0
    }

    /// The list head of one size class.
    private typealias Slot = UnsafeMutablePointer<UnsafeMutablePointer<Free>?>

    private static let headerBytes = MemoryLayout<Cache>.stride

    /// The key under which each thread finds its cache. A variable rather than a constant, so that reading it needs no
    /// check for lazy initialisation; it never changes once OpenSSL allocates memory.
    @exclusivity(unchecked) nonisolated(unsafe) private static var key: pthread_key_t = 0

    private static let makeKey: Void = {
        guard pthread_key_create(&key, { LibraryMemory.end($0) }) == 0 else { fatalError("out of thread keys") }
    }()

    /// Creates the key. Must run before anything else; `install` calls it.
    static func prepare() { _ = makeKey }

    /// Installs the cache for the rest of the process. Call this before any other use of OpenSSL.
    /// - Returns: false when OpenSSL has already allocated memory; it then keeps its previous allocator.
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
        // Record blocks start on a page boundary; few blocks from malloc do.
        if UInt(bitPattern: block) % pageBytes == 0, RecordMemory.giveBack(block) { return }
        let count = carrel_malloc_usable_size(block)
        // A thread that only frees keeps no blocks.
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

    /// Frees the blocks that the calling thread keeps, and unused record memory. Call it when connections have become
    /// idle.
    public static func release() {
        // Where the cache was never installed, as in tests, the key would be unset and could belong to another library.
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

    /// How many times the calling thread had to call `malloc`.
    static var mallocs: Int { pthread_getspecific(key)?.assumingMemoryBound(to: Cache.self).pointee.mallocs ?? 0 }

    /// Serves the first allocation of the calling thread, which has no cache yet.
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

    /// Frees the cache of a thread that ends.
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
