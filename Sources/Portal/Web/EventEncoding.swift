/// Server-sent events as bytes (HTML standard, section 9.2.6).
enum EventEncoding {
    /// How soon a browser connects again after the stream broke, in milliseconds; goes first on every stream.
    static let opening = Array("retry: 1000\n\n".utf8)

    /// Says that the stream lives: a comment for proxies, and an event for the page, which cannot see comments.
    static let heartbeat = Array(": heartbeat\n\nevent: alive\ndata: 1\n\n".utf8)

    /// - Parameter name: one line.
    static func event(_ name: String, data: String) -> [UInt8] {
        var bytes = Array("event: \(name)\n".utf8)
        bytes.reserveCapacity(bytes.count + data.utf8.count + 32)
        bytes += "data: ".utf8
        var previous: UInt8 = 0
        for byte in data.utf8 {
            switch byte {
            case UInt8(ascii: "\n") where previous == UInt8(ascii: "\r"): break
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): bytes += "\ndata: ".utf8
            default: bytes.append(byte)
            }
            previous = byte
        }
        bytes += "\n\n".utf8
        return bytes
    }
}
