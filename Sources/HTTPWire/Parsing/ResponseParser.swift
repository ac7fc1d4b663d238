/// A parser for the responses on one upstream connection (RFC 9112): bytes in, one event out per call.
///
/// Ambiguous responses are rejected. Unambiguous violations of the grammar are repaired, since the response is reframed
/// for the client, and the connection is not reused (`keepsAlive`): a repeated identical length, a repeated `chunked`,
/// bare LF on all lines, whitespace after a field name, a body announced where none is allowed, and an undefined
/// status.
///
/// Before each request, call `expect` with what is requested; unsolicited bytes are an error. On an error, respond 502
/// and close the connection.
public struct ResponseParser: Sendable {
    public enum Event: Hashable, Sendable {
        /// All input was consumed; call again with more.
        case needMore
        /// `head` is an informational response (1xx); the final one follows.
        case informational
        /// `head` and `framing` describe the response. After 101 (`switchesProtocols`) the following input is no longer
        /// HTTP and is left unconsumed.
        case head
        /// Bytes of the body: offsets into this call's input.
        case body(Range<Int>)
        /// The response is complete. Trailers were validated and discarded.
        case end
    }

    private enum State: Sendable {
        case idle
        case startLine
        case fields
        case length(remaining: Int64)
        case chunked
        case untilClose
        case switched
        case failed(HTTPParseError)
    }

    public let limits: HTTPLimits
    public private(set) var head = ResponseHead(status: 0)
    public private(set) var framing = BodyFraming.none
    /// Whether the connection may carry another request once this response has ended.
    public private(set) var keepsAlive = true

    private var state = State.idle
    private var isHead = false
    private var allowsUpgrade = false
    private var isRepaired = false
    private var informationalCount = 0
    private var lines = LineReader()
    private var block = HeaderBlockReader()
    private var chunks = ChunkedDecoder()

    public init(limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

    /// Prepares for the response to a request that is about to be sent.
    ///
    /// - Parameter upgrade: whether the request asks to switch protocols, so that 101 is valid.
    public mutating func expect(requestMethod: String, upgrade: Bool = false) {
        if case .idle = state {
            isHead = requestMethod == "HEAD"
            allowsUpgrade = upgrade
            informationalCount = 0
            isRepaired = false
            state = .startLine
        }
    }

    /// Whether the upstream has responded with 101, so that the connection carries another protocol.
    public var switchesProtocols: Bool {
        if case .switched = state { true } else { false }
    }

    /// Whether no response is expected or being read.
    public var isIdle: Bool {
        if case .idle = state { true } else { false }
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

    /// Handles the end of the connection.
    ///
    /// - Returns: true if this ends a body framed by the connection; false if no response was expected.
    /// - Throws: `truncated` in the middle of a response, or before an expected one.
    public mutating func finish() throws(HTTPParseError) -> Bool {
        switch state {
        case .idle, .switched:
            return false
        case .untilClose:
            state = .idle
            return true
        case .failed(let error):
            throw error
        case .startLine, .fields, .length, .chunked:
            state = .failed(.truncated)
            throw .truncated
        }
    }

    private mutating func step(
        in input: UnsafeRawBufferPointer, at position: inout Int
    ) throws(HTTPParseError) -> Event {
        while true {
            switch state {
            case .idle:
                if position < input.count { throw .unexpectedBytes }
                return .needMore
            case .startLine:
                guard try readStatusLine(in: input, at: &position) else { return .needMore }
            case .fields:
                guard try block.next(in: input, at: &position, limits: limits, into: &head.fields) else {
                    return .needMore
                }
                return try finishHead()
            case .length(let remaining):
                if remaining == 0 {
                    state = .idle
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
                    state = .idle
                    return .end
                }
            case .untilClose:
                if position == input.count { return .needMore }
                let range = position..<input.count
                position = input.count
                return .body(range)
            case .switched:
                return .needMore
            case .failed(let error):
                throw error
            }
        }
    }

    private mutating func readStatusLine(
        in input: UnsafeRawBufferPointer, at position: inout Int
    ) throws(HTTPParseError) -> Bool {
        var style = HeadStyle(isResponse: true)
        let outcome = try lines.next(in: input, at: &position, limit: limits.startLineBytes + 1) {
            (line) throws(HTTPParseError) in
            style.endsWithLineFeed = line.last != Byte.carriageReturn
            try head.readStatusLine(line.part(0..<line.count - (style.endsWithLineFeed ? 0 : 1)))
        }
        switch outcome {
        case .needMore: return false
        case .tooLong: throw .startLineTooLong
        case .line: break
        }
        head.fields.removeAll()
        block.reset(style)
        state = .fields
        return true
    }

    private mutating func finishHead() throws(HTTPParseError) -> Event {
        let announced = try block.framing.framing(version: head.version)
        if block.isRepaired || block.framing.isRepaired || head.status > 599 { isRepaired = true }
        // A response without a body is not reframed and keeps this field, so the repetition is removed here.
        if block.framing.hasRepeatedLength, let length = block.framing.contentLength {
            head.fields.replace("Content-Length", "\(length)")
        }
        if head.isInformational {
            if announced == .chunked { throw .bodyNotAllowed }
            informationalCount += 1
            if informationalCount > limits.informationalResponses { throw .tooManyInformationalResponses }
            state = .startLine
            return .informational
        }
        if announcesMoreThanComes(announced) { isRepaired = true }
        keepsAlive = block.framing.keepsAlive(version: head.version) && !isRepaired
        if head.status == 101 {
            guard allowsUpgrade, announced == nil, head.fields.contains("Connection", element: "upgrade"),
                head.fields.contains("Upgrade")
            else { throw .unexpectedUpgrade }
            framing = .none
            keepsAlive = false
            state = .switched
            return .head
        }
        framing = isHead || head.neverHasBody ? .none : announced ?? .untilClose
        switch framing {
        case .none: state = .length(remaining: 0)
        case .length(let length): state = .length(remaining: length)
        case .chunked:
            chunks.reset()
            state = .chunked
        case .untilClose:
            keepsAlive = false
            state = .untilClose
        }
        return .head
    }

    /// Whether the head announces a body that the client will not read; the upstream may or may not send it.
    private func announcesMoreThanComes(_ announced: BodyFraming?) -> Bool {
        switch (head.status, announced) {
        case (204, .length(let length)): length > 0
        case (204, .chunked), (304, .chunked): true
        default: false
        }
    }
}

extension ResponseHead {
    /// Parses `version SP status [SP reason]` (RFC 9112, section 4). The space before an absent reason may be missing.
    mutating func readStatusLine(_ line: UnsafeRawBufferPointer) throws(HTTPParseError) {
        guard line.count >= 12, line.part(0..<5).equals("HTTP/"), line[8] == Byte.space else {
            throw .invalidStartLine
        }
        switch (line[5], line[6], line[7]) {
        case (0x31, Byte.dot, 0x31): version = .http11
        case (0x31, Byte.dot, 0x30): version = .http10
        default: throw .unsupportedVersion
        }
        guard let value = line.part(9..<12).decimal(), (100...999).contains(value) else { throw .invalidStatus }
        if line.count > 12, line[12] != Byte.space { throw .invalidStatus }
        let text = line.part(min(13, line.count)..<line.count)
        guard text.allSatisfy(Byte.isFieldValue) else { throw .invalidStartLine }
        status = Int(value)
        reason = String(decoding: text, as: UTF8.self)
    }
}
