import CLibUV

/// The free memory of the process's heap.
public enum Heap {
    /// An allocation of at least this size, in bytes, gets pages of its own, which go back to the system when it is
    /// freed.
    public static let largePiece = 128 << 10

    /// Makes large tables that grow return their memory. Without this, the allocator raises its threshold when the
    /// first such block is freed (mallopt(3), `M_MMAP_THRESHOLD`), and keeps that block and all later ones up to 32
    /// MiB. Call it before anything large is freed. Only a hint: another allocator, such as a sanitizer's, may ignore
    /// it. Any thread.
    public static func giveBackLargePieces() { _ = carrel_mallopt_mmap_threshold(CInt(largePiece)) }

    /// Returns whole free pages to the system, including those between blocks in use. Holds the allocator's locks for
    /// some milliseconds, so call it after a lot of memory was freed, not after every free. Any thread.
    public static func giveBack() { _ = carrel_malloc_trim(0) }
}
