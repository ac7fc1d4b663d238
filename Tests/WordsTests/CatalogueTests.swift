import BrokerCore
import Foundation
import Testing

@testable import Words

/// What holds for the texts of every language; the tests of those who say them hold them against what is said.
@Suite("The catalogues")
struct CatalogueTests {
    private static let catalogues: [Catalogue] = Embedded.texts.compactMap { file in
        try? Catalogue(file.text, language: Language(rawValue: String(file.name.prefix { $0 != "." })))
    }
    private static let english = catalogues.first { $0.language == .english }

    @Test("The binary has the files of the folder, and every one can be read")
    func embedded() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/Words/Catalogues")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".") }
        #expect(names.sorted() == Embedded.texts.map(\.name))
        for file in Embedded.texts {
            #expect(try String(contentsOf: folder.appendingPathComponent(file.name), encoding: .utf8) == file.text)
        }
        #expect(Self.catalogues.count == names.count)
        #expect(Words.standard.languages == [.english, Language(rawValue: "es")])
    }

    @Test("Every language has the keys of the English one, and no others")
    func keys() throws {
        let english = try #require(Self.english).keys
        #expect(english.count > 200)
        for catalogue in Self.catalogues {
            #expect(english.subtracting(catalogue.keys).sorted() == [], "\(catalogue.language): missing")
            #expect(catalogue.keys.subtracting(english).sorted() == [], "\(catalogue.language): left over")
        }
    }

    @Test("A pattern uses the same arguments in every language")
    func arguments() throws {
        let english = try #require(Self.english)
        for catalogue in Self.catalogues {
            for key in catalogue.keys.sorted() {
                #expect(catalogue.pattern(key)?.names == english.pattern(key)?.names, "\(catalogue.language): \(key)")
            }
        }
    }

    @Test("A choice among words has the same branches in every language, or fewer of them")
    func choices() throws {
        let english = try #require(Self.english)
        for catalogue in Self.catalogues {
            for key in catalogue.keys.sorted() {
                let known = Self.labels(english.pattern(key)?.pieces ?? [])
                for (name, labels) in Self.labels(catalogue.pattern(key)?.pieces ?? []) {
                    #expect(labels.isSubset(of: known[name] ?? []), "\(catalogue.language): \(key): \(name)")
                }
            }
        }
    }

    private static func labels(_ pieces: [Pattern.Piece]) -> [String: Set<String>] {
        pieces.reduce(into: [:]) { labels, piece in
            guard case .select(let name, let branches) = piece else { return }
            labels[name, default: []].formUnion(branches.map(\.label))
            for branch in branches {
                labels.merge(self.labels(branch.pieces)) { $0.union($1) }
            }
        }
    }

    @Test("Keys are lower case words, and belong to learners, a page or to times")
    func spelling() throws {
        for key in try #require(Self.english).keys {
            #expect(key.wholeMatch(of: #/(learner|page|time)(\.[a-z]+(-[a-z]+)*)+/#) != nil, "\(key)")
        }
    }

    @Test("Every key of a time is asked for; the others are held against the pages")
    func times() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/Words")
        var code = ""
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".swift") {
            code += try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
        }
        for key in try #require(Self.english).keys where key.hasPrefix("time.") {
            let form = key.replacing(#/^time\.(at|until)-/#, with: "time.\\(form.rawValue)-")
            #expect(code.contains("\"\(key)\"") || code.contains("\"\(form)\""), "\(key) is left over")
        }
    }

    @Test("Spanish speaks to one person as a friend does, without what only one country says")
    func spanish() throws {
        let text = try #require(Embedded.texts.first { $0.name == "es.words" }).text.lowercased()
        let words = Set(text.split { !$0.isLetter }.map(String.init))
        for word in ["usted", "ustedes", "vosotros", "vos", "ordenador", "computador", "vuestro", "pulse", "haga"] {
            #expect(!words.contains(word), "\(word)")
        }
    }
}
