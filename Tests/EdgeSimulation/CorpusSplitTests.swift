import HTTPWire
import SmugglingCorpus
import Testing

@testable import Edge
@testable import EventLoop
@testable import HTTPTransport

/// Sends the corpus of requests through the edge's real connections, split in two at every position: neither the
/// forwarded requests nor the answers may depend on it.
struct CorpusSplitTests {
    @Test(
        "what the edge forwards and answers does not depend on where the bytes are cut",
        arguments: Set(Corpus.requests.map(\.group)).sorted())
    func everySplit(_ group: String) async throws {
        let configuration = try SimulatedEdge.configuration.get()
        // Longer inputs are split everywhere in the parser's tests.
        for input in Corpus.requests where input.group == group && input.bytes.count < 1_500 {
            let outcomes = await CutExchange().run(input, cuts: [nil] + input.splits.map { $0 }, configuration)
            try #require(outcomes.count == input.splits.count + 1)
            #expect(outcomes[0].statuses == input.expectedStatuses, "\(input)")
            for (place, outcome) in zip(input.splits, outcomes.dropFirst()) {
                #expect(outcome == outcomes[0], "\(input), cut at \(place)")
            }
        }
    }
}

extension CorpusCase {
    /// The statuses that the client gets. The upstream answers 200 to each request.
    fileprivate var expectedStatuses: [Int] {
        verdicts.compactMap { verdict in
            switch verdict {
            case .request: 200
            case .answer(let status), .refuse(let status): status
            default: nil
            }
        }
    }
}

/// Sends one input repeatedly, each time on a new connection and split at another position.
///
/// `@unchecked Sendable` because everything in it is touched on the loop's thread alone.
private final class CutExchange: @unchecked Sendable {
    struct Outcome: Equatable {
        /// All complete requests that the upstream received, in wire form, regardless of their chunk boundaries.
        var forwarded: [String] = []
        var statuses: [Int] = []
    }

    private let kernel = SimulatedKernel(seed: 1)
    private var outcomes: [Outcome] = []
    private var current = Outcome()
    private var cuts: ArraySlice<Int?> = []
    private var onEnd: () -> Void = {}
    private static let upstream = UpstreamAddress.tcp(host: "192.0.2.1", port: 80)

    func run(_ input: CorpusCase, cuts: [Int?], _ configuration: EdgeConfiguration) async -> [Outcome] {
        let edge = kernel.makeEdge(configuration)
        await withCheckedContinuation { continuation in
            edge.loop.post { [self] in
                self.cuts = cuts[...]
                onEnd = { continuation.resume() }
                for host in ["a.labs.test", "b.labs.test"] {
                    edge.apply([.setHost(hostname: host, upstream: Self.upstream)])
                }
                kernel.onConnect = { [unowned self] socket in
                    forward(socket, WireReader(), "")
                    return true
                }
                next(input, edge)
            }
        }
        await edge.loop.stop()
        return outcomes
    }

    private func next(_ input: CorpusCase, _ edge: EdgeLoop) {
        guard let cut = cuts.popFirst() else {
            kernel.isOver = true
            return onEnd()
        }
        current = Outcome()
        let socket = kernel.connect(to: edge)
        let place = cut ?? input.bytes.count
        socket.send(input.bytes[..<place])
        // The second piece is sent when the first has been read.
        kernel.after(1) { [self] in
            socket.send(input.bytes[place...])
            listen(socket, [], input, edge)
        }
    }

    /// Reads answers until the expected number has arrived, then closes, and continues with the next split.
    private func listen(_ socket: SimulatedSocket, _ heard: [UInt8], _ input: CorpusCase, _ edge: EdgeLoop) {
        let all = heard + socket.receive(.max)
        var parser = ResponseParser()
        var statuses: [Int] = []
        var position = 0
        all.withUnsafeBytes { bytes in
            var methods = input.methods[...]
            while let method = methods.popFirst() {
                parser.expect(requestMethod: method)
                while let event = try? parser.next(in: bytes, at: &position), event != .needMore, event != .end {}
                guard parser.isIdle else { break }
                statuses.append(parser.head.status)
            }
        }
        guard statuses.count >= input.expectedStatuses.count || socket.outcome != .open else {
            return kernel.after(1) { [self] in listen(socket, all, input, edge) }
        }
        if position < all.count { statuses.append(-1) }
        current.statuses = statuses
        socket.finish()
        kernel.after(1) { [self] in part(socket, input, edge) }
    }

    private func part(_ socket: SimulatedSocket, _ input: CorpusCase, _ edge: EdgeLoop) {
        guard edge.connections.isEmpty else { return kernel.after(1) { [self] in part(socket, input, edge) } }
        outcomes.append(current)
        next(input, edge)
    }

    /// An upstream that answers every complete request with 200, and records it.
    private func forward(_ socket: SimulatedSocket, _ reader: WireReader, _ request: String) {
        var (reader, request) = (reader, request)
        reader.add(socket.receive(.max))
        while let event = reader.next() {
            switch event {
            case .head(let lines):
                request = lines.joined(separator: "\n")
                if let length = lines.field("Content-Length").flatMap({ Int($0) }) {
                    reader.expect(.length(length))
                } else {
                    reader.expect(lines.field("Transfer-Encoding") == "chunked" ? .chunkSize : .length(0))
                }
            case .body(let bytes): request += String(decoding: bytes, as: UTF8.self)
            case .end:
                current.forwarded.append(request)
                socket.send(Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8))
            }
        }
        if socket.outcome != .open { return socket.finish() }
        kernel.after(1) { [self] in forward(socket, reader, request) }
    }
}

extension CorpusCase {
    /// The methods in the order of the answers.
    fileprivate var methods: [String] {
        verdicts.compactMap { verdict in
            switch verdict {
            case .request(let method, _, _, _): method
            case .answer, .refuse: "GET"
            default: nil
            }
        }
    }
}
