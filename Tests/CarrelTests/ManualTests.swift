import Broker
import BrokerCore
import Foundation
import Portal
import Testing

@testable import carrel

/// Compares the manual's statements with the product.
@Suite("The manual") struct ManualTests {
    // MARK: Metrics

    /// The metric families that the sources declare, with their types.
    private static let families: [String: String] = {
        var families: [String: String] = [:]
        for source in Paper.sources.values where source.contains("\"carrel_") {
            let begun = source.matches(of: #/\.(?:begin|add)\(\s*"(carrel_[a-z_]+)",\s*\.(counter|gauge|histogram)/#)
            for family in begun { families[String(family.1)] = String(family.2) }
        }
        return families
    }()

    @Test("has a row with the right kind for every metric that is written, and for no other")
    func metrics() {
        #expect(!Self.families.isEmpty)
        let article = Paper.article("Metrics")
        var explained: [String: String] = [:]
        for heading in article.headings {
            for row in article.rows(below: heading) where row.count == 4 {
                guard let name = Paper.spans(row[0]).first else { continue }
                let other = explained.updateValue(row[1], forKey: name)
                #expect(other == nil, "\(name) has two rows")
                #expect(!row[3].isEmpty, "nothing is said about \(name)")
            }
        }
        #expect(explained == Self.families)
    }

    // MARK: The API

    /// The first cells of the table in the doc comment of `ControlAPI`, which describes its routes.
    private static let routes: [String] = {
        let source = Paper.sources.first { $0.key.hasSuffix("/ControlAPI.swift") }?.value ?? ""
        return source.matches(of: #/\/\/\/ \| (`(?:GET|POST) [^|]*)\|/#).map {
            $0.1.trimmingCharacters(in: .whitespaces)
        }
    }()

    @Test("has a row for every operation of the control socket, and for no other")
    func operations() {
        let rows = Paper.article("API").rows(below: "The control socket")
        #expect(Self.routes.count > 30)
        #expect(rows.compactMap(\.first).sorted() == Self.routes.sorted())
    }

    @Test("has a row for every code of a failure")
    func failures() {
        let codes = Paper.article("API").rows(below: "Failures").compactMap(\.first).flatMap(Paper.spans)
        let own = ["badRequest", "notFound", "methodNotAllowed", "internal"]
        #expect(codes.sorted() == (BrokerError.Code.allCases.map(\.rawValue) + own).sorted())
    }

    @Test("has a row for every state of a session and of a host")
    func states() {
        let end = EndReason.idle(timeoutSeconds: 1)
        let park = ParkReason.idle(timeoutSeconds: 1)
        let now = Timestamp(milliseconds: 0)
        let states: [SessionState] = [
            .queued(since: now), .starting(host: "one", step: .creating, since: now),
            .running(host: "one", endpoint: Endpoint(address: "127.0.0.1", port: 1), since: now),
            .ending(host: "one", reason: end, since: now), .parking(host: "one", reason: park, since: now),
            .parked(reason: park, since: now), .ended(reason: end, at: now), .failed(.told(""), at: now),
        ]
        #expect(Self.firstWords("API", "States of a session") == Set(states.map(\.name)))
        #expect(Self.firstWords("Operating", "Host states") == Set(HostState.allCases.map(\.rawValue)))
    }

    private static func firstWords(_ article: String, _ heading: String) -> Set<String> {
        Set(Paper.article(article).rows(below: heading).compactMap { $0.first.flatMap { Paper.spans($0).first } })
    }

    @Test("has a row for every reason why a session ends, as the API writes it")
    func reasons() throws {
        let rows = Paper.article("API").rows(below: "Reasons why a session ends")
        #expect(rows.compactMap { Paper.spans($0[0]).first } == EndReason.Code.allCases.map(\.rawValue))
        for row in rows {
            let (word, json) = (try #require(Paper.spans(row[0]).first), try #require(Paper.spans(row[1]).first))
            let reason = try #require(Self.reason(word), "there is no reason \(word)")
            #expect(try Self.shape(Data(json.utf8)) == Self.shape(Data(APICoding.encode(reason))), "\(word)")
        }
    }

    private static func reason(_ word: String) -> EndReason? {
        let parts = [ReasonParts(word: word), ReasonParts(word: word, number: 1), ReasonParts(word: word, text: "one")]
        return parts.map { EndReason($0) }.first { reason in
            if case .unknown = reason { false } else { true }
        }
    }

    /// The keys of an object, and of its nested objects.
    private static func shape(_ json: Data) throws -> [String: Set<String>] {
        let object = try JSONSerialization.jsonObject(with: json) as? [String: [String: Any]]
        return (object ?? [:]).mapValues { Set($0.keys) }
    }

    // MARK: Troubleshooting

    /// All sources, with concatenated strings joined, and quotation marks unescaped; and what is said in English.
    private static let messages: String = {
        var messages = Paper.englishCatalogue.replacingOccurrences(of: "\n ", with: " ")
        for source in Paper.sources.values {
            for line in source.split(separator: "\n") {
                let text = line.drop { $0 == " " }
                if text.hasPrefix("+ \""), messages.hasSuffix("\"") {
                    messages.removeLast()
                    messages.append(contentsOf: text.dropFirst("+ \"".count))
                } else {
                    messages.append("\n")
                    messages.append(contentsOf: text)
                }
            }
        }
        return messages.replacingOccurrences(of: "\\\"", with: "\"")
    }()

    /// Shorter pieces of a message are not specific enough.
    private static let shortestPiece = 8

    @Test("quotes only messages and pages that there are")
    func quotations() {
        let article = Paper.article("Troubleshooting")
        var pieces: Set<String> = []
        for heading in article.headings {
            for cell in article.rows(below: heading).compactMap(\.first) {
                let quoted = Paper.spans(cell) + cell.matches(of: #/\*([^*]+)\*/#).map { String($0.1) }
                for piece in quoted.flatMap({ $0.components(separatedBy: "…") }) {
                    let words = piece.trimmingCharacters(in: .whitespaces)
                    if words.count >= Self.shortestPiece { pieces.insert(words) }
                }
            }
        }
        #expect(pieces.count > 50)
        Self.messages.withCString { messages in
            for piece in pieces.sorted() where strstr(messages, piece) == nil {
                Issue.record("no source says \"\(piece)\", which the manual quotes")
            }
        }
    }
}
