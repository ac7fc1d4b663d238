import BrokerCore
import HTTPWire
import Testing

@testable import Broker
@testable import Edge

/// What operators and learners are told counts as activity, against what the edge does.
@Suite("The table of what counts")
struct ActivityRuleTests {
    @Test("Every example of the table counts at the edge as the table says", arguments: LabKind.allCases)
    func examples(kind: LabKind) throws {
        let edgeKind = try #require(Edge.LabKind(rawValue: kind.rawValue))
        var checked = 0
        for rule in ActivityRule.table(for: kind) where rule.witness == .edge {
            guard let example = rule.example else { continue }
            let isPage = rule.what.contains("opened or reloaded")
            let head = try Self.head(example, isNavigation: isPage)
            #expect(ActivityRules.counts(head, kind: edgeKind) == rule.counts, "\(example)")
            checked += 1
        }
        #expect(checked >= 3)
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
