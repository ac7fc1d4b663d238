/// A strict decoder for chunked bodies (RFC 9112, section 7.1): sizes are plain hexadecimal digits followed by CR LF or
/// an extension; extensions are skipped up to a limit, and trailers are validated and discarded.
struct ChunkedDecoder: Sendable {
    enum Event: Equatable {
        case needMore
        case data(Range<Int>)
        case end
    }

    private enum State {
        case size(value: Int64, digits: Int)
        case chunkExtension(size: Int64)
        case sizeLineFeed(size: Int64)
        case data(remaining: Int64)
        case dataCarriageReturn
        case dataLineFeed
        case trailers
        case ended
    }

    /// The maximum number of hexadecimal digits in a chunk size; more would overflow, or are zeros that hide something.
    private static let sizeDigits = 15

    private var state = State.size(value: 0, digits: 0)
    private var extensionBytes = 0
    private var trailerBytes = 0
    private var trailerLines = LineReader()

    mutating func reset() {
        state = .size(value: 0, digits: 0)
        extensionBytes = 0
        trailerBytes = 0
    }

    mutating func next(
        in input: UnsafeRawBufferPointer, at position: inout Int, limits: HTTPLimits
    ) throws(HTTPParseError) -> Event {
        while true {
            switch state {
            case .ended:
                return .end
            case .trailers:
                guard try readTrailers(in: input, at: &position, limits: limits) else { return .needMore }
                state = .ended
            case .data(let remaining):
                let count = Int(min(remaining, Int64(input.count - position)))
                if count == 0 { return .needMore }
                let range = position..<position + count
                position += count
                state = remaining == Int64(count) ? .dataCarriageReturn : .data(remaining: remaining - Int64(count))
                return .data(range)
            default:
                guard position < input.count else { return .needMore }
                try framing(byte: input[position], limits: limits)
                position += 1
            }
        }
    }

    /// Consumes one byte of the framing around the data.
    private mutating func framing(byte: UInt8, limits: HTTPLimits) throws(HTTPParseError) {
        switch state {
        case .size(let value, let digits):
            if let digit = Byte.hexValue(byte) {
                if digits == Self.sizeDigits { throw .chunkTooLarge }
                state = .size(value: value << 4 | Int64(digit), digits: digits + 1)
            } else if digits > 0, byte == Byte.carriageReturn {
                state = .sizeLineFeed(size: value)
            } else if digits > 0, byte == Byte.semicolon {
                state = .chunkExtension(size: value)
            } else {
                throw byte == Byte.lineFeed ? .bareLineFeed : .invalidChunk
            }
        case .chunkExtension(let size):
            extensionBytes += 1
            if extensionBytes > limits.chunkExtensionBytes { throw .chunkExtensionsTooLarge }
            if byte == Byte.carriageReturn {
                state = .sizeLineFeed(size: size)
            } else if !Byte.isFieldValue(byte) {
                throw byte == Byte.lineFeed ? .bareLineFeed : .invalidChunk
            }
        case .sizeLineFeed(let size):
            guard byte == Byte.lineFeed else { throw .bareCarriageReturn }
            state = size == 0 ? .trailers : .data(remaining: size)
        case .dataCarriageReturn:
            guard byte == Byte.carriageReturn else { throw byte == Byte.lineFeed ? .bareLineFeed : .invalidChunk }
            state = .dataLineFeed
        case .dataLineFeed:
            guard byte == Byte.lineFeed else { throw .bareCarriageReturn }
            state = .size(value: 0, digits: 0)
        case .data, .trailers, .ended:
            break
        }
    }

    private mutating func readTrailers(
        in input: UnsafeRawBufferPointer, at position: inout Int, limits: HTTPLimits
    ) throws(HTTPParseError) -> Bool {
        while true {
            var ended = false
            let isFirst = trailerBytes == 0
            let outcome = try trailerLines.next(in: input, at: &position, limit: limits.trailerBytes - trailerBytes - 1)
            {
                (line) throws(HTTPParseError) in
                if case .end = try FieldLine.parse(line, isFirst: isFirst) { ended = true }
            }
            switch outcome {
            case .needMore: return false
            case .tooLong: throw .trailersTooLarge
            case .line(let count): trailerBytes += count
            }
            if ended { return true }
        }
    }
}
