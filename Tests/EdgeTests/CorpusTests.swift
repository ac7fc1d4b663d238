import EventLoop
import HTTPTransport
import HTTPWire
import SmugglingCorpus
import Testing

@testable import Edge

/// Sends every case of the corpus through a running edge, as a whole and byte by byte, each byte in its own TLS record,
/// and checks what reaches the upstream and what the client gets. `EdgeSimulation` splits them everywhere.
@Suite(.serialized)
struct CorpusTests {
    /// One edge for all cases; it ends with the process.
    private static let house = Task { try await House.ofHostnames() }

    @Test("a request of the corpus is forwarded, answered or refused as it must be", arguments: Corpus.requests)
    func request(_ input: CorpusCase) async throws {
        let house = try await Self.house.value
        for isBytewise in [false, true] where !isBytewise || input.bytes.count < 1_500 {
            let upstream = RecordingUpstream()
            try await house.lead(to: upstream)
            let client = try await RawClient.connect(to: house, "a.labs.test")
            client.send(input.bytes, bytewise: isBytewise)
            let statuses = input.expectedStatuses
            try await eventually("\(input) is answered \(statuses.count) times") {
                client.record { $0.isClosed || $0.hasEnded } || client.responses(to: input).count >= statuses.count
            }
            // A client that half-closes during a request is taken as gone, so this comes after the last answer.
            client.finish()
            try await eventually("\(input) ends") { client.record { $0.isClosed || $0.hasEnded } }
            #expect(client.responses(to: input).map(\.status) == statuses, "byte by byte: \(isBytewise)")
            await client.stop()
            let seen = await upstream.stop()
            #expect(input.agrees(with: seen), "byte by byte: \(isBytewise): \(seen)")
        }
    }

    @Test(
        "a response of the corpus reaches the client whole or as an error, and never the next request",
        arguments: Corpus.responses)
    func response(_ input: CorpusCase) async throws {
        let house = try await Self.house.value
        for isBytewise in [false, true] where !isBytewise || input.bytes.count < 1_500 {
            let upstream = ScriptedUpstream(input.bytes, bytewise: isBytewise)
            try await house.lead(to: upstream)
            let client = try await RawClient.connect(to: house, "a.labs.test")
            client.send("\(input.method) /case HTTP/1.1\r\nHost: a.labs.test\r\n\r\n")
            try await eventually("\(input) is answered") {
                client.record { $0.isClosed || $0.hasEnded } || client.responses(to: input).last?.isComplete == true
            }
            #expect(input.agrees(with: client.responses(to: input)), "byte by byte: \(isBytewise): \(client.text)")
            await client.stop()
            let after = try await RawClient.connect(to: house, "a.labs.test")
            after.send("GET /after HTTP/1.1\r\nHost: a.labs.test\r\nConnection: close\r\n\r\n")
            try await eventually("the next request is answered") { after.record { $0.isClosed || $0.hasEnded } }
            #expect(after.text.hasSuffix("\r\n\r\ngenuine"), "\(after.text)")
            await after.stop()
            await upstream.stop()
        }
    }
}

extension CorpusCase {
    /// The statuses that the client of a request gets. The upstream answers 200 to each.
    fileprivate var expectedStatuses: [Int] {
        verdicts.compactMap { verdict in
            switch verdict {
            case .request: 200
            case .answer(let status), .refuse(let status): status
            default: nil
            }
        }
    }

    /// The methods in the order of the answers.
    fileprivate var methods: [String] {
        verdicts.compactMap { verdict in
            switch verdict {
            case .request(let method, _, _, _): method
            // TRACE and OPTIONS are answered like GET.
            case .answer, .refuse: "GET"
            default: nil
            }
        }
    }

    fileprivate func agrees(with seen: [RecordingUpstream.Seen]) -> Bool {
        var rest = seen[...]
        for verdict in verdicts {
            switch verdict {
            case .request(let method, let target, let host, let body):
                guard let next = rest.popFirst(), next.isComplete, next.method == method, next.target == target,
                    next.body == body, host == nil || host == next.host
                else { return false }
            case .partly:
                // The edge may have dropped it before sending any of it.
                if rest.first?.isComplete == false { rest.removeFirst() }
            default: break
            }
        }
        return rest.isEmpty
    }

    func agrees(with responses: [RawClient.Response]) -> Bool {
        let expected = verdicts.map { verdict -> RawClient.Response? in
            switch verdict {
            case .response(let status, let body): RawClient.Response(status: status, body: body, isComplete: true)
            case .inform(let status): RawClient.Response(status: status)
            case .cut(let status): RawClient.Response(status: status, isComplete: false)
            case .refuse(let status): RawClient.Response(status: status, isComplete: true)
            default: nil
            }
        }
        guard expected.count == responses.count else { return false }
        return zip(verdicts, zip(expected, responses)).allSatisfy { verdict, pair in
            if case .response = verdict { return pair.0 == pair.1 }
            return pair.0?.status == pair.1.status && pair.0?.isComplete == pair.1.isComplete
        }
    }
}

extension RawClient {
    /// The outcome of one answer.
    struct Response: Equatable {
        var status: Int
        var body: [UInt8] = []
        var isComplete = false
    }

    /// The answers so far to the requests of a case, or to the one request for it.
    fileprivate func responses(to input: CorpusCase) -> [Response] {
        let isRequest = input.verdicts.contains {
            switch $0 {
            case .response, .inform, .cut, .refuse(500...599): false
            default: true
            }
        }
        // 501 and 505 apply to requests only.
        let isUnsupported = input.verdicts.contains(.refuse(501)) || input.verdicts.contains(.refuse(505))
        var methods = isRequest || isUnsupported ? input.methods : [input.method]
        var parser = ResponseParser()
        var responses: [Response] = []
        let bytes = record { $0.bytes }
        var position = 0
        bytes.withUnsafeBytes { all in
            while !methods.isEmpty {
                parser.expect(requestMethod: methods[0])
                guard let event = try? parser.next(in: all, at: &position), event != .needMore else { return }
                switch event {
                case .informational:
                    if parser.head.status != 100 { responses.append(Response(status: parser.head.status)) }
                case .head: responses.append(Response(status: parser.head.status))
                case .body(let range): responses[responses.count - 1].body += all[range]
                case .end:
                    responses[responses.count - 1].isComplete = true
                    methods.removeFirst()
                case .needMore: return
                }
            }
        }
        if position < bytes.count, methods.isEmpty { responses.append(Response(status: -1)) }
        return responses
    }

    fileprivate func send(_ bytes: [UInt8], bytewise: Bool) {
        guard bytewise else { return send(bytes) }
        for byte in bytes { send([byte]) }
    }
}
