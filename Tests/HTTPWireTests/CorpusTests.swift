import HTTPWire
import SmugglingCorpus
import Testing

/// Every case of the corpus, by its name: the parsers' verdict, however the bytes are cut.
struct CorpusTests {
    @Test("a request of the corpus is read as it must be, wherever it is cut", arguments: Corpus.requests)
    func request(_ input: CorpusCase) {
        let whole = ReadRequests(input.bytes, cuts: []).verdicts
        #expect(Self.agree(whole, input.verdicts), "\(whole) is not \(input.verdicts)")
        for split in input.splits {
            let other = ReadRequests(input.bytes, cuts: [split]).verdicts
            #expect(other == whole, "cut at \(split)")
        }
        let bytewise = ReadRequests(input.bytes, cuts: Array(0..<input.bytes.count)).verdicts
        #expect(bytewise == whole, "byte by byte")
    }

    @Test("a response of the corpus is read as it must be, wherever it is cut", arguments: Corpus.responses)
    func response(_ input: CorpusCase) {
        let whole = ReadResponse(input, cuts: []).verdicts
        #expect(Self.agree(whole, input.verdicts), "\(whole) is not \(input.verdicts)")
        for split in input.splits {
            #expect(ReadResponse(input, cuts: [split]).verdicts == whole, "cut at \(split)")
        }
        #expect(ReadResponse(input, cuts: Array(0..<input.bytes.count)).verdicts == whole, "byte by byte")
    }

    @Test("the corpus is as large as it was meant to be, and has no case twice")
    func size() {
        #expect(Corpus.requests.count > 600)
        #expect(Corpus.responses.count > 150)
        for cases in [Corpus.requests, Corpus.responses] {
            #expect(Set(cases.map(\.description)).count == cases.count)
            #expect(Set(cases.map { "\($0.method) \($0.bytes)" }).count == cases.count)
        }
    }

    /// What the edge decides later (that it answers by itself) is for the parser a request like any other.
    private static func agree(_ read: [CorpusCase.Verdict], _ expected: [CorpusCase.Verdict]) -> Bool {
        guard read.count == expected.count else { return false }
        return zip(read, expected).allSatisfy { read, expected in
            switch (read, expected) {
            case (.request, .answer): true
            case (.request(let a, let b, let c, let d), .request(let e, let f, let g, let h)):
                a == e && b == f && d == h && (g == nil || c == g)
            // The parser does not know what an unreadable response is replaced with.
            case (.refuse, .refuse(500...)): true
            default: read == expected
            }
        }
    }
}

/// What the parser makes of a connection's bytes.
private struct ReadRequests {
    var verdicts: [CorpusCase.Verdict] = []
    private var parser = RequestParser()
    private var body: [UInt8]?

    init(_ bytes: [UInt8], cuts: [Int]) {
        var isOver = false
        forEachPiece(of: bytes, cuts: cuts) { piece in
            if !isOver { isOver = read(piece) }
        }
        if isOver { return }
        if body != nil { verdicts.append(.partly) }
        if !parser.isIdle { verdicts.append(.waits) }
    }

    /// - Returns: whether nothing more counts.
    private mutating func read(_ input: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        do throws(HTTPParseError) {
            while true {
                switch try parser.next(in: input, at: &position) {
                case .needMore: return false
                case .head: body = []
                case .body(let range): body?.append(contentsOf: input[range])
                case .end:
                    verdicts.append(
                        .request(
                            method: parser.head.method, target: parser.head.target,
                            host: parser.head.fields.first("Host"), body: body ?? []))
                    body = nil
                    if !parser.keepsAlive {
                        verdicts.append(.ends)
                        return true
                    }
                }
            }
        } catch {
            if body != nil { verdicts.append(.partly) }
            verdicts.append(.refuse(error.status))
            return true
        }
    }
}

/// What the parser makes of an upstream's bytes, after which the upstream closes.
private struct ReadResponse {
    var verdicts: [CorpusCase.Verdict] = []
    private var parser = ResponseParser()
    private var body: [UInt8]?

    init(_ input: CorpusCase, cuts: [Int]) {
        parser.expect(requestMethod: input.method)
        var isOver = false
        do throws(HTTPParseError) {
            try input.bytes.withUnsafeBufferPointer { (bytes) throws(HTTPParseError) in
                let edges = [0] + cuts + [bytes.count]
                for (start, end) in zip(edges, edges.dropFirst()) where !isOver {
                    isOver = try read(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[start..<end])))
                }
            }
            if !isOver, try parser.finish() { finish() }
        } catch {
            verdicts.append(body == nil ? .refuse(502) : .cut(parser.head.status))
        }
    }

    private mutating func read(_ input: UnsafeRawBufferPointer) throws(HTTPParseError) -> Bool {
        var position = 0
        while true {
            switch try parser.next(in: input, at: &position) {
            case .needMore: return false
            // The connection to the client says 100 by itself.
            case .informational: if parser.head.status > 100 { verdicts.append(.inform(parser.head.status)) }
            case .head: body = []
            case .body(let range): body?.append(contentsOf: input[range])
            case .end:
                finish()
                return true
            }
        }
    }

    private mutating func finish() {
        verdicts.append(.response(status: parser.head.status, body: body ?? []))
    }
}

private func forEachPiece(of bytes: [UInt8], cuts: [Int], _ body: (UnsafeRawBufferPointer) -> Void) {
    bytes.withUnsafeBytes { all in
        let edges = [0] + cuts + [bytes.count]
        for (start, end) in zip(edges, edges.dropFirst()) {
            body(UnsafeRawBufferPointer(rebasing: all[start..<end]))
        }
    }
}
