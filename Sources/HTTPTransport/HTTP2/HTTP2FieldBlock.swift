import CNGHTTP2
import Glibc
import HTTPWire

/// A response's head as nghttp2 wants it: names and values where they lie. Confined to its rooms' loop.
///
/// Owns room for the array, which grows to the largest head and is freed in `deinit`.
final class HTTP2FieldBlock {
    // Exclusivity is unchecked: nothing that is called during a change or a look comes back to the same place.
    @exclusivity(unchecked) private(set) var base: UnsafeMutablePointer<nghttp2_nv>
    @exclusivity(unchecked) private(set) var count = 0
    @exclusivity(unchecked) private var capacity = 64

    private static let statusName: StaticString = ":status"
    private static let ok: StaticString = "200"

    init() { base = .allocate(capacity: capacity) }

    deinit { base.deallocate() }

    /// Takes a head in the form of HTTP/1.1 apart: names become lower-case where they lie, and what is for a connection
    /// of HTTP/1.1 only is left out. A 101 becomes the 200 that accepts a WebSocket (RFC 8441, section 5).
    ///
    /// - Parameters:
    ///   - head: the status line and lines of `name: value`, as our own writers make them.
    ///   - isCopied: the library is to keep a copy; otherwise the bytes must stay where they are until the frame is made.
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
            // The empty line, if there is one.
            guard colon < end, end - 1 >= colon + 2 else { continue }
            let name = UnsafeMutableRawBufferPointer(rebasing: head[start..<colon])
            let value = UnsafeMutableRawBufferPointer(rebasing: head[colon + 2..<end - 1])
            if ForwardingRules.isHopByHop(UnsafeRawBufferPointer(name)) { continue }
            if isUpgrade, UnsafeRawBufferPointer(name).equalsIgnoringCase("sec-websocket-accept") { continue }
            append(name: name.bindMemory(to: UInt8.self).baseAddress!, name.count, value: value, flags)
        }
    }

    /// Where the line ends, or the head does.
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
