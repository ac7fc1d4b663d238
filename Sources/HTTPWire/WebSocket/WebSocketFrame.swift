/// The header of one WebSocket frame (RFC 6455, section 5.2).
public struct WebSocketFrame: Sendable, Hashable {
    public enum Opcode: UInt8, Sendable, Hashable {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10

        public var isControl: Bool { rawValue >= 8 }
    }

    public var opcode: Opcode
    /// Whether this is the last frame of its message.
    public var isFinal: Bool
    /// The three reserved bits, which extensions (compression) define.
    public var reservedBits: UInt8
    /// Length of the payload in bytes.
    public var payloadLength: Int64
    /// The masking key, with its first byte on the wire in the most significant bits. Clients mask; servers do not.
    public var mask: UInt32?

    public init(
        opcode: Opcode, isFinal: Bool = true, reservedBits: UInt8 = 0, payloadLength: Int64, mask: UInt32? = nil
    ) {
        self.opcode = opcode
        self.isFinal = isFinal
        self.reservedBits = reservedBits
        self.payloadLength = payloadLength
        self.mask = mask
    }

    /// Writes a whole frame.
    ///
    /// - Parameter mask: the masking key, which a client must generate for every frame; `nil` for a server.
    public static func encode(
        _ opcode: Opcode, isFinal: Bool = true, payload: UnsafeRawBufferPointer, mask: UInt32?,
        into output: inout [UInt8]
    ) {
        let frame = WebSocketFrame(
            opcode: opcode, isFinal: isFinal, payloadLength: Int64(payload.count), mask: mask)
        frame.writeHeader(into: &output)
        let start = output.count
        output.append(contentsOf: payload)
        if let mask {
            output.withUnsafeMutableBytes {
                Self.mask(UnsafeMutableRawBufferPointer(rebasing: $0[start...]), key: mask)
            }
        }
    }

    /// Writes a whole frame with this payload.
    public static func encode(
        _ opcode: Opcode, isFinal: Bool = true, payload: [UInt8], mask: UInt32?, into output: inout [UInt8]
    ) {
        payload.withUnsafeBytes { encode(opcode, isFinal: isFinal, payload: $0, mask: mask, into: &output) }
    }

    /// The payload of a close frame: the code (1001: going away) and a reason of at most 123 bytes.
    public static func closePayload(code: UInt16, reason: String = "") -> [UInt8] {
        [UInt8(code >> 8), UInt8(code & 0xFF)] + reason.utf8.prefix(123)
    }

    public func writeHeader(into output: inout [UInt8]) {
        output.append((isFinal ? 0x80 : 0) | reservedBits << 4 | opcode.rawValue)
        let masked: UInt8 = mask == nil ? 0 : 0x80
        let extended: Int
        if payloadLength < 126 {
            output.append(masked | UInt8(payloadLength))
            extended = 0
        } else if payloadLength <= 0xFFFF {
            output.append(masked | 126)
            extended = 2
        } else {
            output.append(masked | 127)
            extended = 8
        }
        for index in 0..<extended {
            output.append(UInt8(truncatingIfNeeded: payloadLength >> Int64(8 * (extended - 1 - index))))
        }
        if let mask { for shift in [24, 16, 8, 0] { output.append(UInt8(truncatingIfNeeded: mask >> UInt32(shift))) } }
    }

    /// Masks or unmasks bytes in place.
    ///
    /// - Parameter offset: the offset of these bytes in the payload.
    public static func mask(_ bytes: UnsafeMutableRawBufferPointer, key: UInt32, offset: Int64 = 0) {
        for index in 0..<bytes.count {
            let shift = UInt32(24 - 8 * ((Int64(index) + offset) & 3))
            bytes[index] ^= UInt8(truncatingIfNeeded: key >> shift)
        }
    }
}
