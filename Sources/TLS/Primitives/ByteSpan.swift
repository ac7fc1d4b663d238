import COpenSSL

/// Compares in a time that depends on the lengths only, never on where the first difference is.
public func constantTimeEqual(_ left: some ByteSpan, _ right: some ByteSpan) -> Bool {
    left.withByteSpan { left in
        right.withByteSpan { right in
            guard left.count == right.count else { return false }
            guard let first = left.baseAddress, let second = right.baseAddress else { return true }
            return CRYPTO_memcmp(first, second, left.count) == 0
        }
    }
}

/// Bytes in one piece: what this room hashes, signs and compares.
public protocol ByteSpan {
    func withByteSpan<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R
}

extension UnsafeRawBufferPointer: ByteSpan {
    public func withByteSpan<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R { body(self) }
}

extension [UInt8]: ByteSpan {
    public func withByteSpan<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R { withUnsafeBytes(body) }
}

extension ArraySlice<UInt8>: ByteSpan {
    public func withByteSpan<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R { withUnsafeBytes(body) }
}

extension String.UTF8View: ByteSpan {
    public func withByteSpan<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) } ?? Array(self).withUnsafeBytes(body)
    }
}
