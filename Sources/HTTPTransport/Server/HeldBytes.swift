/// Bytes that arrived before they could be used, in order. Taking some from the front does not move the rest.
struct HeldBytes {
    private var bytes: [UInt8] = []
    private var start = 0

    var count: Int { bytes.count - start }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        if more.isEmpty { return }
        if start > 0 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// All bytes, in storage of their own: more may be appended while they are in use.
    var content: ArraySlice<UInt8> { bytes[start...] }

    /// Drops bytes from the front; the memory is freed with the last one.
    mutating func drop(_ count: Int) {
        start += count
        if isEmpty { self = HeldBytes() }
    }
}
