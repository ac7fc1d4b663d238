import CNGHTTP2
import Glibc
import HTTPWire

/// A response's head as an array of nghttp2 fields that point to names and values in place. Confined to its rooms'
/// loop.
///
/// Owns the memory of the array, which grows to the largest head and is freed in `deinit`.
final class HTTP2FieldBlock {
    // Exclusivity checks are off because no code that runs during an access can access the same property again.
    @exclusivity(unchecked) private(set) var base: UnsafeMutablePointer<nghttp2_nv>
    @exclusivity(unchecked) private(set) var count = 0
    @exclusivity(unchecked) private var capacity = 64

    private static let statusName: StaticString = ":status"
    private static let ok: StaticString = "200"

    init() { base = .allocate(capacity: capacity) }

    deinit { base.deallocate() }

    /// Splits a head in HTTP/1.1 form: names are lower-cased in place, and connection-specific fields are omitted. A
    /// 101 becomes the 200 that accepts a WebSocket (RFC 8441, section 5).
    ///
    /// - Parameters:
    ///   - head: the status line and lines of `name: value`, as our own writers produce them.
    ///   - isCopied: whether the library keeps a copy; if not, the bytes must stay in place until the frame is made.
    func fill(from head: UnsafeMutableRawBufferPointer, isCopied: Bool) {
        let flags =
            isCopied
            ? UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)
            : UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
        count = 0
        let status = UnsafeMutableRawBufferPointer(rebasing: head[9..<12])
        let isUpgrade = status.elementsEqual("101".utf8)
        if isUpgrade { status.copyBytes(from: UnsafeRawBufferPointer(start: Self.ok.utf8Start, count: 3)) }
        append(
            name: UnsafeMutablePointer(mutating: Self.statusName.utf8Start), Self.statusName.utf8CodeUnitCount,
            value: status, flags)
        var start = Self.lineFeed(in: head, from: 12) + 1
        while start < head.count {
            var colon = start
            while colon < head.count, head[colon] != 0x3A, head[colon] != 0x0A {
                if head[colon] &- 0x41 < 26 { head[colon] |= 0x20 }
                colon += 1
            }
            let end = Self.lineFeed(in: head, from: colon)
            defer { start = end + 1 }
            // This skips the empty line, if there is one.
            guard colon < end, end - 1 >= colon + 2 else { continue }
            let name = UnsafeMutableRawBufferPointer(rebasing: head[start..<colon])
            let value = UnsafeMutableRawBufferPointer(rebasing: head[colon + 2..<end - 1])
            if ForwardingRules.isHopByHop(UnsafeRawBufferPointer(name)) { continue }
            if isUpgrade, UnsafeRawBufferPointer(name).equalsIgnoringCase("sec-websocket-accept") { continue }
            append(name: name.bindMemory(to: UInt8.self).baseAddress!, name.count, value: value, flags)
        }
    }

    /// The end of the line, or of the head.
    private static func lineFeed(in head: UnsafeMutableRawBufferPointer, from start: Int) -> Int {
        guard let base = head.baseAddress, start < head.count,
            let found = memchr(base + start, 0x0A, head.count - start)
        else { return head.count }
        return base.distance(to: found)
    }

    private func append(
        name: UnsafeMutablePointer<UInt8>, _ nameCount: Int, value: UnsafeMutableRawBufferPointer, _ flags: UInt8
    ) {
        if count == capacity {
            let larger = UnsafeMutablePointer<nghttp2_nv>.allocate(capacity: capacity * 2)
            larger.moveInitialize(from: base, count: count)
            base.deallocate()
            base = larger
            capacity *= 2
        }
        (base + count).initialize(
            to: nghttp2_nv(
                name: name, value: value.bindMemory(to: UInt8.self).baseAddress, namelen: nameCount,
                valuelen: value.count, flags: flags))
        count += 1
    }
}
