/// Finds long functions by the indentation of lines, on which `swift format` insists: the brace that closes a block
/// stands below the beginning of its head.
enum LongBlocks {
    struct Function {
        var name: String
        /// Of the head's first line, from 0.
        var line: Int
        /// From there to the closing brace, both included.
        var count: Int
    }

    static func functions(in lines: [String], longerThan limit: Int) -> [Function] {
        var functions: [Function] = []
        // The last line that opened a block at each indentation.
        var opened: [Int: Int] = [:]
        for (index, line) in lines.enumerated() {
            let indentation = indentation(of: line)
            if line.dropFirst(indentation).first == "}", let begin = opened.removeValue(forKey: indentation) {
                let head = head(of: begin, at: indentation, in: lines)
                let count = index - head + 1
                if count > limit, let name = name(in: lines[head]) {
                    functions.append(Function(name: name, line: head, count: count))
                }
            }
            if line.hasSuffix("{") { opened[indentation] = index }
        }
        return functions
    }

    private static func indentation(of line: String) -> Int { line.utf8.prefix { $0 == UInt8(ascii: " ") }.count }

    /// The first line of a head that goes over several.
    private static func head(of line: Int, at indentation: Int, in lines: [String]) -> Int {
        var line = line
        while line > 0 {
            let content = lines[line].dropFirst(indentation)
            guard [")", "{", "where ", " "].contains(where: { content.hasPrefix($0) }) else { break }
            line -= 1
        }
        return line
    }

    /// The name of the function, initializer, subscript or computed property of which this is the first line.
    private static func name(in line: String) -> String? {
        // What stands in quotation marks is an attribute's.
        let pieces = line.split(separator: "\"", omittingEmptySubsequences: false)
        let code = pieces.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined()
        let words = code.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
        let types: Set<String> = ["struct", "enum", "class", "actor", "protocol", "extension"]
        for (index, word) in words.enumerated() {
            switch word {
            case "func", "var": return index + 1 < words.count ? words[index + 1] : "an operator"
            case "init", "deinit", "subscript": return word
            case "let", "if", "for", "while", "guard", "return", "switch", "do": return nil
            case _ where types.contains(word) && !code.contains("func "): return nil
            default: continue
            }
        }
        return nil
    }
}
