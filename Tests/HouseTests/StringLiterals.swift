/// The texts of string literals in a line of Swift.
enum StringLiterals {
    /// Stands for an interpolation.
    static let argument: Character = "\u{FFFC}"

    /// - Returns: without comments and the messages of preconditions, which nobody reads but a programmer.
    static func texts(in line: String) -> [String] {
        guard !line.contains("precondition") else { return [] }
        var texts: [String] = []
        // The text of each literal that is open, and how deep the parentheses are in each open interpolation.
        var open: [String] = []
        var depths: [Int] = []
        var characters = line[...]
        while let character = characters.popFirst() {
            let isInText = open.count > depths.count
            if isInText, character == "\\" {
                if characters.first == "(" {
                    characters.removeFirst()
                    open[open.count - 1].append(argument)
                    depths.append(0)
                } else if let escaped = characters.popFirst() {
                    open[open.count - 1].append(escaped)
                }
            } else if isInText, character == "\"" {
                texts.append(open.removeLast())
            } else if isInText {
                open[open.count - 1].append(character)
            } else if character == "\"" {
                open.append("")
            } else if character == "/", characters.first == "/" {
                break
            } else if let depth = depths.last, character == "(" || character == ")" {
                if character == ")", depth == 0 {
                    depths.removeLast()
                } else {
                    depths[depths.count - 1] += character == "(" ? 1 : -1
                }
            }
        }
        return texts
    }
}
