import CLibUV

/// The memory of the process that nobody has.
public enum Heap {
    /// What is asked for in one piece of at least this size, in bytes, has pages of its own, which go back to the system when
    /// it is freed.
    public static let largePiece = 128 << 10

    /// Large tables that grow leave nothing behind: without this, the allocator takes the first such piece that is freed for
    /// a sign of many to come (mallopt(3), `M_MMAP_THRESHOLD`), keeps it, and so do all later ones up to 32 MiB. To be
    /// called before anything large was freed. Only a hint: another allocator, as a sanitizer's, does as it likes. Any thread.
    public static func giveBackLargePieces() { _ = carrel_mallopt_mmap_threshold(CInt(largePiece)) }

    /// Gives whole free pages back to the system, also those between what is in use. Takes the allocator's locks for some
    /// milliseconds: for the moment after much was freed, not for every one. Any thread.
    public static func giveBack() { _ = carrel_malloc_trim(0) }
}
