import Foundation

/// The targets of `Package.swift`, read from its text: asking SwiftPM would take seconds and its lock.
struct Plan {
    struct Target {
        var name: String
        /// From the root of the repository.
        var folder: String
        /// The targets and products on which it depends directly, as it names them.
        var dependencies: [String]
        /// Plugins, and the targets of which a plugin runs the programs: nobody imports them.
        var tools: [String]
    }

    /// In the order of the file.
    private(set) var targets: [Target] = []
    /// Modules of other packages.
    let products: Set<String>

    /// - Parameter text: `Package.swift`. Each target begins on a line of its own in the package's list `targets:`.
    init(_ text: String) {
        // Comments may have brackets, too.
        let lines = text.components(separatedBy: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
        let aliases = Dictionary(
            lines.joined(separator: "\n").matches(of: #/let (\w+) = Target\.Dependency\.product\(name: "(\w+)"/#)
                .map { (String($0.1), String($0.2)) }, uniquingKeysWith: { first, _ in first })
        products = Set(aliases.values)
        // Where the dependencies follow the name.
        let list = #/^ *(?:capability: \.buildTool\(\), )?(?:dependencies: )?\[([^\]]*)\]/#
        for entry in Self.entries(lines) {
            guard let name = entry.firstMatch(of: #/"([^"]+)"/#).map({ String($0.1) }) else { continue }
            let path = entry.firstMatch(of: #/path: "([^"]+)"/#).map { String($0.1) }
            let arguments = entry.components(separatedBy: "\"\(name)\",").dropFirst().joined()
            let dependencies = Self.list(arguments.firstMatch(of: list).map { String($0.1) } ?? "", aliases)
            let plugins = entry.firstMatch(of: #/plugins: \[([^\]]*)\]/#).map { String($0.1) } ?? ""
            let isPlugin = entry.hasPrefix(".plugin(")
            targets.append(
                Target(
                    name: name,
                    folder: path ?? ["Sources/\(name)", "Tests/\(name)"].first(where: House.hasFolder) ?? "",
                    dependencies: isPlugin ? [] : dependencies,
                    tools: (isPlugin ? dependencies : []) + Self.list(plugins, aliases)))
        }
    }

    /// The text of each target, on one line.
    private static func entries(_ lines: [String]) -> [String] {
        guard let begin = lines.firstIndex(of: "    targets: [") else { return [] }
        var entries: [String] = []
        for line in lines[(begin + 1)...].prefix(while: { $0 != "    ]," }) {
            let content = line.trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("        "), line.dropFirst(8).first.map({ $0.isLetter || $0 == "." }) == true {
                entries.append(content)
            } else if !content.isEmpty, let last = entries.popLast() {
                entries.append(last + " " + content)
            }
        }
        return entries.map { entry in
            // A target that is too long for the list has a name there.
            guard let name = entry.wholeMatch(of: #/(\w+),/#)?.1 else { return entry }
            return lines.drop { !$0.hasPrefix("let \(name) = ") }.prefix { !$0.isEmpty }
                .map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
        }
    }

    private static func list(_ text: String, _ aliases: [String: String]) -> [String] {
        text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }.map { item in
            item.hasPrefix("\"") ? item.filter { $0 != "\"" } : aliases[item] ?? item
        }
    }
}

extension HouseFile {
    /// The modules that a Swift file imports, each with the line of its first import, from 0.
    var imports: [String: Int] {
        var imports: [String: Int] = [:]
        let beginnings = ["import ", "@", "public import ", "package import ", "internal import ", "private import "]
        let kinds: Set<Substring> = ["class", "enum", "func", "let", "protocol", "struct", "typealias", "var"]
        for (index, line) in lines.enumerated() where beginnings.contains(where: { line.hasPrefix($0) }) {
            let words = line.split(separator: " ")
            guard let keyword = words.firstIndex(of: "import") else { continue }
            guard words[..<keyword].allSatisfy({ Self.isModifier($0) }) else { continue }
            let names = words[(keyword + 1)...].drop { kinds.contains($0) }
            guard let module = names.first?.split(separator: ".").first else { continue }
            imports[String(module)] = min(index, imports[String(module)] ?? index)
        }
        return imports
    }

    private static func isModifier(_ word: Substring) -> Bool {
        word.hasPrefix("@") || ["public", "package", "internal", "private"].contains(word)
    }
}
