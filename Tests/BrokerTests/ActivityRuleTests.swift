import BrokerCore
import EventLoop
import HTTPWire
import Testing

@testable import Broker
@testable import Edge

/// Compares the documented activity rules with what the edge does.
@Suite("The table of what counts")
struct ActivityRuleTests {
    @Test("Every example of the table counts at the edge as the table says", arguments: LabKind.allCases)
    func examples(kind: LabKind) throws {
        let edgeKind = try #require(Edge.LabKind(rawValue: kind.rawValue))
        var checked = 0
        for rule in ActivityRule.table(for: kind) where rule.witness == .edge {
            guard let example = rule.example else { continue }
            if example.hasPrefix("WebSocket ") {
                #expect(try Self.sees(example, in: edgeKind) == rule.counts, "\(example)")
                checked += 1
                continue
            }
            let isPage = rule.what.contains("opened or reloaded")
            let head = try Self.head(example, isNavigation: isPage)
            #expect(ActivityRules.counts(head, kind: edgeKind) == rule.counts, "\(example)")
            checked += 1
        }
        #expect(checked >= 3)
    }

    /// The edge's judgement of the message in an example.
    private static func sees(_ example: String, in kind: Edge.LabKind) throws -> Bool {
        let parts = example.split(separator: " ", maxSplits: 2)
        try #require(parts.count == 3, "\(example)")
        let isBinary = parts[2].hasPrefix("0x")
        let digits = Array(parts[2].dropFirst(2))
        let payload =
            isBinary
            ? stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
            : Array(parts[2].utf8)
        var frame: [UInt8] = []
        WebSocketFrame.encode(isBinary ? .binary : .text, payload: payload, mask: 0x5A01_77F3, into: &frame)
        var meter = ClientFrameMeter(TunnelKind(try head("GET \(parts[1])", isNavigation: false), kind: kind))
        return frame.withUnsafeBytes { meter.sees($0, at: MonotonicTime(nanoseconds: 1)) }
    }

    private static func head(_ requestLine: String, isNavigation: Bool) throws -> RequestHead {
        let mode = isNavigation ? "navigate" : "cors"
        let text =
            "\(requestLine) HTTP/1.1\r\nHost: a.labs.test\r\nSec-Fetch-Mode: \(mode)\r\nContent-Length: 0\r\n\r\n"
        var parser = RequestParser()
        return try Array(text.utf8).withUnsafeBytes { bytes in
            var position = 0
            guard case .head = try parser.next(in: bytes, at: &position) else {
                throw Unreadable(requestLine: requestLine)
            }
            return parser.head
        }
    }

    private struct Unreadable: Error { let requestLine: String }
}
