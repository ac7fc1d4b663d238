/// Why bytes are not valid WebSocket frames.
public enum WebSocketError: Error, Hashable, Sendable {
    case reservedOpcode
    case controlFrameTooLong
    case controlFrameFragmented
    /// The length is encoded with more bytes than necessary, or is negative.
    case invalidLength
}

/// Parses the frame headers of one direction of a WebSocket. Payloads are skipped and never copied.
public struct WebSocketFrameReader: Sendable {
    public enum Event: Hashable, Sendable {
        /// All input was consumed; call again with more.
        case needMore
        /// The start of a frame.
        case frame(WebSocketFrame)
        /// A part of that frame's payload, still masked: offsets into this call's input.
        case payload(Range<Int>)
    }

    private enum State: Sendable {
        case header
        case payload(remaining: Int64)
        case failed(WebSocketError)
    }

    private var state = State.header
    /// The header's bytes so far, the newest in the least significant bits; at most 14.
    private var high: UInt64 = 0
    private var low: UInt64 = 0
    private var count = 0
    private var needed = 2

    public init() {}

    /// Between two frames, with no byte of the next one read.
    public var isAtFrameStart: Bool {
        if case .header = state { count == 0 } else { false }
    }

    /// Continues at `position`, and moves it past the consumed bytes. After an error every further call throws it
    /// again.
    public mutating func next(
        in input: UnsafeRawBufferPointer, at position: inout Int
    ) throws(WebSocketError) -> Event {
        switch state {
        case .failed(let error):
            throw error
        case .payload(let remaining):
            let taken = Int(min(remaining, Int64(input.count - position)))
            if taken == 0 { return .needMore }
            let range = position..<position + taken
            position += taken
            state = remaining == Int64(taken) ? .header : .payload(remaining: remaining - Int64(taken))
            return .payload(range)
        case .header:
            while position < input.count {
                let byte = input[position]
                position += 1
                high = high << 8 | low >> 56
                low = low << 8 | UInt64(byte)
                count += 1
                if count == 2 { needed = Self.headerBytes(second: byte) }
                if count == needed {
                    do {
                        return .frame(try finishHeader())
                    } catch {
                        state = .failed(error)
                        throw error
                    }
                }
            }
            return .needMore
        }
    }

    private static func headerBytes(second: UInt8) -> Int {
        let extended = second & 0x7F == 126 ? 2 : second & 0x7F == 127 ? 8 : 0
        return 2 + extended + (second & 0x80 == 0 ? 0 : 4)
    }

    /// The byte at an offset in the header.
    private func byte(_ offset: Int) -> UInt8 {
        let back = count - 1 - offset
        return UInt8(truncatingIfNeeded: back < 8 ? low >> UInt64(8 * back) : high >> UInt64(8 * (back - 8)))
    }

    private mutating func finishHeader() throws(WebSocketError) -> WebSocketFrame {
        let first = byte(0)
        let second = byte(1)
        guard let opcode = WebSocketFrame.Opcode(rawValue: first & 0x0F) else { throw .reservedOpcode }
        let isMasked = second & 0x80 != 0
        let extended = count - 2 - (isMasked ? 4 : 0)
        var length = Int64(second & 0x7F)
        if extended > 0 {
            length = 0
            for offset in 2..<2 + extended { length = length << 8 | Int64(byte(offset)) }
            guard extended == 2 ? length > 125 : length > 0xFFFF else { throw .invalidLength }
        }
        if opcode.isControl {
            if extended > 0 { throw .controlFrameTooLong }
            if first & 0x80 == 0 { throw .controlFrameFragmented }
        }
        let frame = WebSocketFrame(
            opcode: opcode, isFinal: first & 0x80 != 0, reservedBits: first >> 4 & 7, payloadLength: length,
            mask: isMasked ? UInt32(truncatingIfNeeded: low) : nil)
        state = length == 0 ? .header : .payload(remaining: length)
        (high, low, count, needed) = (0, 0, 0, 2)
        return frame
    }
}
