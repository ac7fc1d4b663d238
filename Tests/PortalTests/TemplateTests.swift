import BrokerCore
import Foundation
import Testing
import Words

@testable import Portal

@Suite("Templates")
struct TemplateTests {
    private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Sources/Portal")
    private static let templates = Embedded.texts.filter { $0.key.hasSuffix(".mustache") }

    @Test("The binary has the files of the folder, as they are now")
    func embedded() throws {
        let folder = Self.sources.appendingPathComponent("Files")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.contains(".") }
        #expect(paths.sorted() == Embedded.texts.keys.sorted())
        for path in paths {
            let text = try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
            #expect(text == Embedded.texts[path].map { $0 + "\n" }, "\(path)")
        }
    }

    @Test("Every template is a file, and every file is a template or a part of one")
    func files() {
        for template in PageTemplate.allCases { #expect(Embedded.texts["\(template).mustache"] != nil, "\(template)") }
        var used = Set(PageTemplate.allCases.map(\.rawValue))
        for text in Self.templates.values {
            used.formUnion(text.matches(of: #/\{\{[<>]([a-z.\/]+)\}\}/#).map { String($0.1) })
        }
        let names = Embedded.texts.keys.map { $0.replacing(".mustache", with: "") }
        #expect(used.sorted() == names.sorted())
    }

    @Test("No template has words of its own")
    func words() {
        for (path, text) in Self.templates {
            let fixed = text.replacing(#/\[\[.*?\]\]|\{\{\{.*?\}\}\}|\{\{.*?\}\}/#, with: "")
            for attribute in fixed.matches(of: #/(?:aria-label|alt|title|placeholder)="([^"]*)"/#) {
                #expect(!attribute.1.contains { $0.isLetter }, "\(path): \(attribute.0)")
            }
            // What is left of a part that is in a tag is attributes.
            let rest = fixed.replacing(#/<[^>]*>|[a-z-]+="[^"]*"/#, with: "")
            #expect(!rest.contains { $0.isLetter }, "\(path): \(rest)")
        }
        // Nor has the script: what it writes comes from the page.
        #expect(!Embedded.text("carrel.js").contains(#/'[A-Z][a-z]+ [a-z]+|`/#))
    }

    @Test("Every fixed text of a template is in the catalogues", arguments: Words.standard.languages)
    func labels(language: Language) throws {
        for (path, text) in Self.templates {
            for match in text.matches(of: #/\[\[(.*?)\]\]/#) {
                #expect(Words.standard.label(String(match.1), in: language) != match.1, "\(path)")
            }
        }
        for page in PageTests.all {
            let html = String(decoding: try renderer().html(page, in: language), as: UTF8.self)
            #expect(!html.contains("[[") && !html.contains("{{"))
        }
    }

    @Test("Three braces hold prose only, and prose is held by three braces only")
    func prose() throws {
        var bare: Set<String> = []
        for text in Self.templates.values {
            for match in text.matches(of: #/\{\{\{([a-zA-Z]+)\}\}\}/#) { bare.insert(String(match.1)) }
            // A dot is what the section around it is about.
            for match in text.matches(of: #/\{\{#([a-zA-Z]+)\}\}<p[^{}]*>\{\{\{\.\}\}\}/#) {
                bare.insert(String(match.1))
            }
            #expect(text.matches(of: #/\{\{&|\{\{\{\./#).count == text.matches(of: #/>\{\{\{\./#).count)
        }
        #expect(bare == ["over", "problem", "paragraphs", "help", "fine", "problems"])
        var models = PageTests.all.map { $0.values(.current, contact: nil) }
        models.append(
            CoursePageTests().page([view("running")], failures: [Prose([.text("No.")])]).values(.current, contact: nil))
        for values in models { Self.check(values, bare) }
    }

    private static func check(_ values: PageValues, _ bare: Set<String>) {
        for (name, value) in values.values {
            switch value {
            case .prose, .proses: #expect(bare.contains(name), "\(name)")
            case .text, .texts, .flag, .number: #expect(!bare.contains(name), "\(name)")
            case .group(let values): check(values, bare)
            case .list(let list): for values in list { check(values, bare) }
            }
        }
    }

    // MARK: Keys

    /// Codes that stand at the end of a key, and where the key begins.
    private static let families: [(prefix: String, codes: [String])] = [
        ("session.ended.", EndReason.Code.allCases.map(\.rawValue)),
        ("session.ends.", EndReason.Cause.allCases.map(\.rawValue)),
        ("page.state.", SessionState.Name.allCases.map(\.rawValue)),
    ]

    @Test("Every key that is asked for is in the catalogues, and every key of theirs is asked for")
    func keys() throws {
        let folder = Self.sources
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        var code = ""
        for path in paths where path.hasSuffix(".swift") {
            code += try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
        }
        let labels = Self.templates.values.flatMap { $0.matches(of: #/\[\[(.*?)\]\]/#).map { String($0.1) } }
        for label in labels { #expect(Self.has(label), "\(label)") }
        for match in code.matches(of: #/(?:say|label)\(\s*"([a-z.-]+)"/#) {
            let key = match.1.hasPrefix("page.") ? String(match.1) : "learner.\(match.1)"
            #expect(Self.has(key), "\(key)")
        }
        for (prefix, codes) in Self.families {
            #expect(code.contains("\"\(prefix)\\("), "\(prefix)")
            for code in codes {
                #expect(Self.has(prefix.hasPrefix("page") ? prefix + code : "learner." + prefix + code))
            }
        }
        for key in Self.keys where !labels.contains(key) {
            let short = key.replacing(#/^learner\./#, with: "")
            let isOfFamily = Self.families.contains {
                $0.codes.contains(String(short.dropFirst($0.prefix.count)))
                    && short.hasPrefix($0.prefix)
            }
            let group = short.replacing(#/\.(heading|what|next)$/#, with: "")
            let isAsked = code.contains("\"\(short)\"") || group != short && code.contains("\"\(group)\"")
            #expect(isOfFamily || isAsked || Self.isReferredTo(short), "\(key) is left over")
        }
    }

    /// The keys of pages and learners; those of times belong to `Words`.
    private static let keys: [String] = {
        let file = sources.deletingLastPathComponent().appendingPathComponent("Words/Catalogues/en.words")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.components(separatedBy: "\n").compactMap { line in
            line.firstMatch(of: #/^((?:learner|page)\.[a-z.-]+) = /#).map { String($0.1) }
        }
    }()

    private static func has(_ key: String) -> Bool { keys.contains(key) }

    private static func isReferredTo(_ key: String) -> Bool {
        let file = sources.deletingLastPathComponent().appendingPathComponent("Words/Catalogues/en.words")
        return (try? String(contentsOf: file, encoding: .utf8))?.contains("{@\(key)}") == true || key == "unknown"
    }
}
