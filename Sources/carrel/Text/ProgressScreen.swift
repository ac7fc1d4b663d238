import Text

/// The display of progress: redrawn in place on a terminal, and appended, when something has changed, anywhere else.
struct ProgressScreen {
    let isTerminal: Bool
    private var lines = 0

    init(isTerminal: Bool) { self.isTerminal = isTerminal }

    /// - Parameter total: the total number of the items that the lines show; it is the last line.
    mutating func show(_ text: String, total: String? = nil, isNews: Bool) {
        if isTerminal {
            draw(Self.screenful(text, total: total, in: Terminal.size()))
        } else if isNews {
            Output.print([text, total].compactMap(\.self).joined(separator: "\n"))
        }
    }

    /// Writes the final text in full, in place of what was drawn last.
    mutating func finish(_ text: String) {
        guard isTerminal else { return Output.print(text) }
        Output.print(back + text)
        lines = 0
    }

    /// As many lines as fit the terminal, each cut to its width. The last line counts those that did not fit.
    ///
    /// - Parameter size: `nil` if unknown: then nothing is cut.
    static func screenful(_ text: String, total: String?, in size: Terminal.Size?) -> [String] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let all = lines + [total].compactMap(\.self)
        guard let size else { return all }
        // The cursor takes a line of its own. With only a heading and the count, drawing is not worthwhile.
        let room = max(size.rows - 1, 2)
        guard all.count > room else { return all.map { VisibleText.cut($0, to: size.columns) } }
        let shown = Array(lines.prefix(room - 1))
        let rest = "… \(lines.count - shown.count) more" + (total.map { ", \($0) in all" } ?? "")
        return (shown + [rest]).map { VisibleText.cut($0, to: size.columns) }
    }

    /// Moves up to the first line of the last drawing, and clears from there.
    private var back: String { lines == 0 ? "" : "\u{1B}[\(lines)A\u{1B}[J" }

    /// Characters may be wider than one column; with line wrapping disabled (DECAWM) each line still takes one row.
    private mutating func draw(_ drawn: [String]) {
        Output.print(back + "\u{1B}[?7l" + drawn.joined(separator: "\n") + "\u{1B}[?7h")
        lines = drawn.count
    }
}
