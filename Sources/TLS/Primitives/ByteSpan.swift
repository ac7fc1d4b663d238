import COpenSSL

/// Compares in time that depends only on the lengths, never on the position of the first difference.
public func constantTimeEqual(_ left: some ByteSpan, _ right: some ByteSpan) -> Bool {
    left.withByteSpan { left in
        right.withByteSpan { right in
            guard left.count == right.count else { return false }
            guard let first = left.baseAddress, let second = right.baseAddress else { return true }
            return CRYPTO_memcmp(first, second, left.count) == 0
        }
    }
}

/// Contiguous bytes: what this module hashes, signs and compares.
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
