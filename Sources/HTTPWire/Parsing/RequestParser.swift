/// A strict parser for the requests of one connection (RFC 9112): bytes in, one event out per call.
///
/// The events do not depend on how the input is split. Ambiguous input is an error, and after an error every further
/// call throws it again. The parser allocates nothing per request once its storage has grown, as long as no one else
/// keeps a copy of `head`.
public struct RequestParser: Sendable {
    public enum Event: Hashable, Sendable {
        /// All input was consumed; call again with more.
        case needMore
        /// `head`, `framing`, `keepsAlive` and `expectsContinue` describe a new request.
        case head
        /// Bytes of the body: offsets into this call's input.
        case body(Range<Int>)
        /// The request is complete; the next call parses the next one. Trailers were validated and discarded.
        case end
    }

    private enum State: Sendable {
        case startLine(emptyLines: Int)
        case fields
        case length(remaining: Int64)
        case chunked
        case failed(HTTPParseError)
    }

    public let limits: HTTPLimits
    public private(set) var head = RequestHead(method: "", target: "")
    /// `.none`, `.length` or `.chunked`.
    public private(set) var framing = BodyFraming.none
    /// Whether the connection may carry another request after this one, as far as the client is concerned.
    public private(set) var keepsAlive = false
    /// Whether the client waits for a 100 response before it sends the body.
    public private(set) var expectsContinue = false

    private var state = State.startLine(emptyLines: 0)
    private var lines = LineReader()
    private var block = HeaderBlockReader()
    private var chunks = ChunkedDecoder()

    public init(limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

    /// Between two requests, with no byte of the next one read.
    public var isIdle: Bool {
        if case .startLine = state { lines.isAtLineStart } else { false }
    }

    /// Continues at `position`, and moves it past the consumed bytes.
    public mutating func next(
        in input: UnsafeRawBufferPointer, at position: inout Int
    ) throws(HTTPParseError) -> Event {
        do {
            return try step(in: input, at: &position)
        } catch {
            state = .failed(error)
            throw error
        }
    }

    private mutating func step(
        in input: UnsafeRawBufferPointer, at position: inout Int
    ) throws(HTTPParseError) -> Event {
        while true {
            switch state {
            case .startLine(let emptyLines):
                guard try readStartLine(in: input, at: &position, emptyLines: emptyLines) else { return .needMore }
            case .fields:
                guard try block.next(in: input, at: &position, limits: limits, into: &head.fields) else {
                    return .needMore
                }
                try finishHead()
                return .head
            case .length(let remaining):
                if remaining == 0 {
                    state = .startLine(emptyLines: 0)
                    return .end
                }
                let count = Int(min(remaining, Int64(input.count - position)))
                if count == 0 { return .needMore }
                let range = position..<position + count
                position += count
                state = .length(remaining: remaining - Int64(count))
                return .body(range)
            case .chunked:
                switch try chunks.next(in: input, at: &position, limits: limits) {
                case .needMore: return .needMore
                case .data(let range): return .body(range)
                case .end:
                    state = .startLine(emptyLines: 0)
                    return .end
                }
            case .failed(let error):
                throw error
            }
        }
    }

    private mutating func readStartLine(
        in input: UnsafeRawBufferPointer, at position: inout Int, emptyLines: Int
    ) throws(HTTPParseError) -> Bool {
        guard position < input.count else { return false }
        var isEmpty = false
        let outcome = try lines.next(in: input, at: &position, limit: limits.startLineBytes + 1) {
            (line) throws(HTTPParseError) in
            guard let last = line.last, last == Byte.carriageReturn else { throw .bareLineFeed }
            isEmpty = line.count == 1
            if !isEmpty { try head.readStartLine(line.part(0..<line.count - 1), limits: limits) }
        }
        switch outcome {
        case .needMore: return false
        case .tooLong: throw .startLineTooLong
        case .line: break
        }
        if isEmpty {
            if emptyLines == limits.leadingEmptyLines { throw .tooManyEmptyLines }
            state = .startLine(emptyLines: emptyLines + 1)
        } else {
            head.fields.removeAll()
            block.reset()
            state = .fields
        }
        return true
    }

    private mutating func finishHead() throws(HTTPParseError) {
        head.surplusCookies = block.surplus
        try head.resolveTarget(hostCount: block.framing.hostCount)
        if block.framing.hasUnknownExpectation { throw .unknownExpectation }
        framing = try block.framing.framing(version: head.version) ?? .none
        keepsAlive = block.framing.keepsAlive(version: head.version)
        switch framing {
        case .none, .untilClose:
            state = .length(remaining: 0)
        case .length(let length):
            state = .length(remaining: length)
        case .chunked:
            chunks.reset()
            state = .chunked
        }
        // A client without a body to send does not wait, and HTTP/1.0 has no 100 response (RFC 9110, section 10.1.1).
        expectsContinue = block.framing.expectsContinue && head.version == .http11 && framing != .none
    }
}
