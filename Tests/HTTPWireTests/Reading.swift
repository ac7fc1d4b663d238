@testable import HTTPWire

/// What a parser said, with the pieces of each body put together, so that two ways of cutting the input can be compared.
enum Heard: Equatable, CustomStringConvertible {
    case request(RequestHead, BodyFraming, keepsAlive: Bool)
    case response(ResponseHead, BodyFraming, keepsAlive: Bool)
    case informational(ResponseHead)
    case body(String)
    case end
    case error(HTTPParseError)
    /// Bytes left in the input because the protocol was switched.
    case rest(String)

    var description: String {
        switch self {
        case .request(let head, let framing, let keepsAlive):
            "request \(head.method) \(head.target) \(head.version) \(Array(head.fields)) \(framing) \(keepsAlive)"
        case .response(let head, let framing, let keepsAlive):
            "response \(head.status) \(head.reason) \(Array(head.fields)) \(framing) \(keepsAlive)"
        case .informational(let head): "informational \(head.status)"
        case .body(let text): "body \(text.debugDescription)"
        case .end: "end"
        case .error(let error): "error \(error)"
        case .rest(let text): "rest \(text.debugDescription)"
        }
    }
}

extension [Heard] {
    mutating func hear(body: UnsafeRawBufferPointer) {
        let text = String(decoding: body, as: UTF8.self)
        if case .body(let before) = last { self[count - 1] = .body(before + text) } else { append(.body(text)) }
    }
}

/// Cuts a text at the given offsets.
func pieces(of text: String, at cuts: [Int]) -> [[UInt8]] {
    let bytes = Array(text.utf8)
    let edges = [0] + cuts + [bytes.count]
    return zip(edges, edges.dropFirst()).map { Array(bytes[$0..<$1]) }
}

/// Every way to cut the text into two, and into pieces of 1, 2, 3, 5 and 7 bytes.
func everySplit(of text: String) -> [[Int]] {
    let count = text.utf8.count
    return (0...count).map { [$0] } + [1, 2, 3, 5, 7].map { Array(stride(from: $0, to: count, by: $0)) }
}

func readRequests(_ text: String, cuts: [Int] = [], limits: HTTPLimits = HTTPLimits()) -> [Heard] {
    var parser = RequestParser(limits: limits)
    var heard: [Heard] = []
    for piece in pieces(of: text, at: cuts) {
        var position = 0
        let failed = piece.withUnsafeBytes { input in
            do throws(HTTPParseError) {
                while true {
                    switch try parser.next(in: input, at: &position) {
                    case .needMore:
                        return false
                    case .head:
                        heard.append(.request(parser.head, parser.framing, keepsAlive: parser.keepsAlive))
                    case .body(let range):
                        heard.hear(body: UnsafeRawBufferPointer(rebasing: input[range]))
                    case .end:
                        heard.append(.end)
                    }
                }
            } catch {
                heard.append(.error(error))
                return true
            }
        }
        if failed { break }
    }
    return heard
}

/// Reads the responses to requests with the given methods; the input ends after the text.
func readResponses(
    _ text: String, to methods: [String] = ["GET"], upgrade: Bool = false, cuts: [Int] = [],
    limits: HTTPLimits = HTTPLimits()
) -> [Heard] {
    var parser = ResponseParser(limits: limits)
    var heard: [Heard] = []
    var waiting = methods
    parser.expect(requestMethod: waiting.removeFirst(), upgrade: upgrade)
    do throws(HTTPParseError) {
        for piece in pieces(of: text, at: cuts) {
            var position = 0
            reading: while true {
                let event = try piece.withUnsafeBufferPointer { (bytes) throws(HTTPParseError) in
                    try parser.next(in: UnsafeRawBufferPointer(bytes), at: &position)
                }
                switch event {
                case .needMore:
                    if parser.switchesProtocols, position < piece.count {
                        heard.append(.rest(String(decoding: piece[position...], as: UTF8.self)))
                    }
                    break reading
                case .informational:
                    heard.append(.informational(parser.head))
                case .head:
                    heard.append(.response(parser.head, parser.framing, keepsAlive: parser.keepsAlive))
                case .body(let range):
                    piece.withUnsafeBytes { heard.hear(body: UnsafeRawBufferPointer(rebasing: $0[range])) }
                case .end:
                    heard.append(.end)
                    if !waiting.isEmpty { parser.expect(requestMethod: waiting.removeFirst(), upgrade: upgrade) }
                }
            }
        }
        if try parser.finish() { heard.append(.end) }
    } catch {
        heard.append(.error(error))
    }
    return heard
}

/// The error with which a request is refused, whatever the cuts; `nil` when it is read to its end.
func refusal(of text: String, limits: HTTPLimits = HTTPLimits()) -> HTTPParseError? {
    guard case .error(let error) = readRequests(text, limits: limits).last else { return nil }
    return error
}

/// The error with which a response is refused; `nil` when it is read to its end.
func responseRefusal(of text: String, to method: String = "GET", limits: HTTPLimits = HTTPLimits()) -> HTTPParseError? {
    guard case .error(let error) = readResponses(text, to: [method], limits: limits).last else { return nil }
    return error
}

func withBytes<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    Array(text.utf8).withUnsafeBytes { body($0) }
}
