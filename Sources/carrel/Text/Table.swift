import Configuration
import Text

/// Rows of text in aligned columns, two spaces apart.
struct Table {
    enum Alignment { case left, right }

    private let columns: [(title: String, alignment: Alignment)]
    private var rows: [[String]] = []

    init(_ columns: [(String, Alignment)]) { self.columns = columns.map { (title: $0.0, alignment: $0.1) } }

    /// The longest value, in characters, in any column but the last, which has notes; longer ones are truncated.
    static let cellWidth = 48

    /// A learner's name must not send control sequences to a terminal, reorder a line or push other columns out of
    /// sight.
    mutating func add(_ row: [String]) {
        precondition(row.count == columns.count, "a row has a value for each column")
        rows.append(
            row.enumerated().map { index, value in
                let visible = Self.cleaned(value)
                return index == columns.count - 1 ? visible : VisibleText.cut(visible, to: Self.cellWidth)
            })
    }

    /// The heading and the rows, without a trailing newline.
    func text() -> String {
        let lines = [columns.map(\.title)] + rows
        let widths = columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            let cells = columns.indices.map { column -> String in
                let padding = String(repeating: " ", count: widths[column] - line[column].count)
                return columns[column].alignment == .right ? padding + line[column] : line[column] + padding
            }
            return Self.withoutTrailingSpaces(cells.joined(separator: "  "))
        }.joined(separator: "\n")
    }

    /// Names and values, one pair per line, with the values aligned.
    static func list(_ entries: [(String, String)]) -> String {
        let width = entries.map(\.0.count).max() ?? 0
        return entries.map { name, value in
            withoutTrailingSpaces(name + String(repeating: " ", count: width - name.count + 2) + cleaned(value))
        }.joined(separator: "\n")
    }

    /// Escaped for a terminal.
    static func cleaned(_ text: String) -> String { VisibleText.escaped(text) }

    private static func withoutTrailingSpaces(_ line: String) -> String {
        var line = line[...]
        while line.last == " " { line.removeLast() }
        return String(line)
    }
}
