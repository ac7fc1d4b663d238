import Glibc

/// A hostname as a key: lower-case bytes, either its own or, for one lookup, borrowed.
struct HostKey: Hashable {
    private enum Bytes {
        case owned([UInt8])
        /// Valid only within `withLowercased`.
        case lent(UnsafeRawBufferPointer)
    }

    private let bytes: Bytes

    init(_ hostname: String) { bytes = .owned(Array(hostname.lowercased().utf8)) }
    private init(lent: UnsafeRawBufferPointer) { bytes = .lent(lent) }

    static func withLowercased<Result>(_ host: UnsafeRawBufferPointer, _ body: (HostKey) -> Result?) -> Result? {
        guard host.count <= 255 else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { room in
            for index in 0..<host.count {
                let byte = host[index]
                room[index] = byte &- 0x41 < 26 ? byte | 0x20 : byte
            }
            return body(HostKey(lent: UnsafeRawBufferPointer(rebasing: room[..<host.count])))
        }
    }

    private func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch bytes {
        case .owned(let bytes): bytes.withUnsafeBytes(body)
        case .lent(let bytes): body(bytes)
        }
    }

    static func == (a: HostKey, b: HostKey) -> Bool {
        a.withBytes { a in
            b.withBytes { b in a.count == b.count && (a.isEmpty || memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0)
            }
        }
    }

    func hash(into hasher: inout Hasher) { withBytes { hasher.combine(bytes: $0) } }
}
