@testable import HTTPWire

/// What a parser said, with the pieces of each body put together.
private enum Said: Equatable {
    case request(RequestHead, BodyFraming, keepsAlive: Bool, expectsContinue: Bool)
    case response(ResponseHead, BodyFraming, keepsAlive: Bool)
    case body([UInt8])
    case end
    case error(HTTPParseError)
    /// What another protocol has got.
    case rest([UInt8])
}

extension [Said] {
    fileprivate mutating func add(body: UnsafeRawBufferPointer) {
        if case .body(let before) = last {
            self[count - 1] = .body(before + [UInt8](body))
        } else {
            append(.body([UInt8](body)))
        }
    }
}

// MARK: Requests

private func read(requests pieces: [UnsafeRawBufferPointer]) -> [Said] {
    var parser = RequestParser()
    var said: [Said] = []
    for piece in pieces {
        var position = 0
        do throws(HTTPParseError) {
            reading: while true {
                switch try parser.next(in: piece, at: &position) {
                case .needMore:
                    demand(position == piece.count, "bytes were left although more was asked for")
                    break reading
                case .head:
                    said.append(
                        .request(
                            parser.head, parser.framing, keepsAlive: parser.keepsAlive,
                            expectsContinue: parser.expectsContinue))
                case .body(let range): said.add(body: UnsafeRawBufferPointer(rebasing: piece[range]))
                case .end: said.append(.end)
                }
            }
        } catch {
            return said + [.error(error)]
        }
    }
    return said
}

/// However a request is cut it reads the same, and what is written of it reads back the same.
func fuzzRequests(_ input: UnsafeRawBufferPointer) {
    let ways = waysToCut(input).map(read(requests:))
    demand(ways.allSatisfy { $0 == ways[0] }, "a request reads differently when it is cut: \(ways)")
    for (index, said) in ways[0].enumerated() {
        guard case .request(let head, let framing, _, _) = said else { continue }
        demand(head.fields.count(of: "Host") <= 1, "two hosts")
        var body: [UInt8] = []
        if index + 1 < ways[0].count, case .body(let bytes) = ways[0][index + 1] { body = bytes }
        checkForwarding(of: head, framing, body)
    }
}

/// What is written of a request for an upstream reads back the same.
func checkForwarding(of head: RequestHead, _ framing: BodyFraming, _ body: [UInt8]) {
    // The message as it would be with all of this body.
    let whole: BodyFraming = framing == .chunked || framing == .none ? framing : .length(Int64(body.count))
    var wire: [UInt8] = []
    head.writeStart(into: &wire)
    head.fields.writeForwarded(into: &wire) { _, _ in
        .keep
    } rewrite: { _, _, _ in
    }
    whole.writeEnd(into: &wire)
    if whole == .chunked, !body.isEmpty {
        ChunkEncoding.writePrefix(count: body.count, into: &wire)
        wire += body + Array("\r\n".utf8)
    } else {
        wire += body
    }
    if whole == .chunked { wire += Array("0\r\n\r\n".utf8) }
    // It is forwarded as HTTP/1.1, where Host must not be missing.
    if head.fields.count(of: "Host") == 0 { return }
    let said = wire.withUnsafeBytes { read(requests: [$0]) }
    guard case .request(let again, let framed, _, _)? = said.first else {
        fatalError("what was forwarded is not read: \(String(decoding: wire, as: UTF8.self)): \(said)")
    }
    demand(said.last == .end, "what was forwarded is more or less than one request: \(said)")
    demand(again.method == head.method && again.targetBytes == head.targetBytes, "another request line: \(again)")
    demand(framed == whole, "another framing: \(framed) for \(whole)")
    demand(again.fields.all("Host") == head.fields.all("Host"), "another host")
    let forHops: [StaticString] = ["Connection", "Upgrade", "TE", "Keep-Alive", "Trailer", "Proxy-Connection"]
    for name in forHops + (whole == .chunked ? [] : ["Transfer-Encoding"]) {
        demand(!again.fields.contains(name), "\(name) was forwarded")
    }
    let got: [UInt8] = said.compactMap { if case .body(let bytes) = $0 { bytes } else { nil } }.flatMap { $0 }
    demand(got == body, "another body")
}

// MARK: Responses

private func read(response pieces: [UnsafeRawBufferPointer], to method: String, upgrade: Bool) -> [Said] {
    var parser = ResponseParser()
    parser.expect(requestMethod: method, upgrade: upgrade)
    var said: [Said] = []
    var rest: [UInt8] = []
    do throws(HTTPParseError) {
        for piece in pieces {
            var position = 0
            reading: while true {
                switch try parser.next(in: piece, at: &position) {
                case .needMore:
                    demand(position == piece.count || parser.switchesProtocols, "bytes were left behind")
                    rest += piece[position...]
                    break reading
                case .informational, .head:
                    said.append(.response(parser.head, parser.framing, keepsAlive: parser.keepsAlive))
                case .body(let range): said.add(body: UnsafeRawBufferPointer(rebasing: piece[range]))
                case .end: said.append(.end)
                }
            }
        }
        if try parser.finish() { said.append(.end) }
    } catch {
        said.append(.error(error))
    }
    return rest.isEmpty ? said : said + [.rest(rest)]
}

/// However a response is cut it reads the same, whatever was asked, and its head as it is forwarded reads back.
func fuzzResponses(_ input: UnsafeRawBufferPointer) {
    for (method, upgrade) in [("GET", false), ("HEAD", false), ("GET", true)] {
        let ways = waysToCut(input).map { read(response: $0, to: method, upgrade: upgrade) }
        demand(ways.allSatisfy { $0 == ways[0] }, "a response reads differently when it is cut: \(ways)")
        for said in ways[0] {
            guard case .response(let head, let framing, _) = said, head.status >= 200 else { continue }
            var wire: [UInt8] = []
            head.writeStart(into: &wire)
            let keepsLength = head.keepsLength(with: framing)
            head.fields.writeForwarded(into: &wire, keepsLength: keepsLength) { _, _ in
                .keep
            } rewrite: { _, _, _ in
            }
            framing.writeEnd(into: &wire)
            let again = wire.withUnsafeBytes { read(response: [$0], to: method, upgrade: false) }
            guard case .response(let read, let framed, _)? = again.first else {
                fatalError("what was forwarded is not read: \(String(decoding: wire, as: UTF8.self)): \(again)")
            }
            demand(read.status == head.status && framed == framing, "another response: \(again)")
        }
    }
}

// MARK: Chunks

/// However chunks are cut they decode to the same, and what was decoded can be encoded and decoded again.
func fuzzChunks(_ input: UnsafeRawBufferPointer) {
    let ways = waysToCut(input).map(decode(chunks:))
    demand(ways.allSatisfy { $0 == ways[0] }, "chunks read differently when they are cut: \(ways)")
    guard ways[0].last == .end else { return }
    let data: [UInt8] = ways[0].compactMap { if case .body(let bytes) = $0 { bytes } else { nil } }.flatMap { $0 }
    var wire: [UInt8] = []
    if !data.isEmpty {
        ChunkEncoding.writePrefix(count: data.count, into: &wire)
        wire += data + Array("\r\n".utf8)
    }
    wire += Array("0\r\n\r\n".utf8)
    let again = wire.withUnsafeBytes { decode(chunks: [$0]) }
    demand(again == (data.isEmpty ? [.end] : [.body(data), .end]), "other data: \(again)")
}

private func decode(chunks pieces: [UnsafeRawBufferPointer]) -> [Said] {
    var decoder = ChunkedDecoder()
    var said: [Said] = []
    for piece in pieces {
        var position = 0
        do throws(HTTPParseError) {
            reading: while true {
                switch try decoder.next(in: piece, at: &position, limits: HTTPLimits()) {
                case .needMore:
                    demand(position == piece.count, "bytes were left although more was asked for")
                    break reading
                case .data(let range): said.add(body: UnsafeRawBufferPointer(rebasing: piece[range]))
                case .end: return said + [.end]
                }
            }
        } catch {
            return said + [.error(error)]
        }
    }
    return said
}
