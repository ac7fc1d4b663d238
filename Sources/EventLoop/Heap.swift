import CLibUV

/// The memory of the process that nobody has.
public enum Heap {
    /// Gives whole free pages back to the system, also those between what is in use. Takes the allocator's locks for some
    /// milliseconds: for the moment after much was freed, not for every one. Any thread.
    public static func giveBack() { _ = carrel_malloc_trim(0) }
}
