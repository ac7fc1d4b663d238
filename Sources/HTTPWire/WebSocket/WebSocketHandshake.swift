/// The opening handshake (RFC 6455, section 4).
public enum WebSocketHandshake {
    /// The value of `Sec-WebSocket-Accept` that corresponds to a `Sec-WebSocket-Key`.
    public static func accept(forKey key: String) -> String {
        base64(SHA1.digest(Array(key.utf8) + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)))
    }

    /// A client's key from 16 random bytes.
    public static func key(from random: [UInt8]) -> String {
        precondition(random.count == 16, "a WebSocket key is made of 16 bytes")
        return base64(random)
    }

    /// Whether a request opens a WebSocket: HTTP/1.1 GET, `Upgrade: websocket`, `Connection: upgrade`, version 13, and
    /// one key that encodes 16 bytes. Any other request for an upgrade is not a WebSocket.
    public static func isValidRequest(_ head: RequestHead) -> Bool {
        guard head.method == "GET", head.asksForUpgrade, head.fields.contains("Upgrade", element: "websocket"),
            head.fields.count(of: "Sec-WebSocket-Key") == 1, head.fields.count(of: "Sec-WebSocket-Version") == 1,
            head.fields.first("Sec-WebSocket-Version") == "13"
        else { return false }
        return head.fields.withFirst("Sec-WebSocket-Key") { Optional(isKey($0)) } == true
    }

    /// Whether a 101 response matches the key that was sent.
    public static func isValidResponse(_ head: ResponseHead, toKey key: String) -> Bool {
        head.status == 101 && head.fields.contains("Connection", element: "upgrade")
            && head.fields.contains("Upgrade", element: "websocket")
            && head.fields.all("Sec-WebSocket-Accept") == [accept(forKey: key)]
    }

    private static func isKey(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count == 24, bytes[22] == Byte.equals, bytes[23] == Byte.equals else { return false }
        return bytes.part(0..<22).allSatisfy {
            Byte.isLetter($0) || Byte.isDigit($0) || $0 == 0x2B || $0 == Byte.slash
        }
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            word <<= UInt32(8 * (3 - group.count))
            for digit in 0..<4 {
                let isPadding = digit > group.count
                text.append(isPadding ? Byte.equals : alphabet[Int(word >> UInt32(18 - 6 * digit) & 63)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
