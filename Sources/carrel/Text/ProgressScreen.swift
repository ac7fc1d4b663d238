import Text

/// Where the progress goes: drawn over the last one on a terminal, and below it, when there is news, anywhere else.
struct ProgressScreen {
    let isTerminal: Bool
    private var lines = 0

    init(isTerminal: Bool) { self.isTerminal = isTerminal }

    /// - Parameter total: how many there are of what the lines are about; it comes last.
    mutating func show(_ text: String, total: String? = nil, isNews: Bool) {
        if isTerminal {
            draw(Self.screenful(text, total: total, in: Terminal.size()))
        } else if isNews {
            Output.print([text, total].compactMap(\.self).joined(separator: "\n"))
        }
    }

    /// What stays when it is over: the whole of it, in the place of what was drawn last.
    mutating func finish(_ text: String) {
        guard isTerminal else { return Output.print(text) }
        Output.print(back + text)
        lines = 0
    }

    /// As many lines as a terminal has room for, each no longer than it is wide. The last one counts what had no room.
    ///
    /// - Parameter size: nil where it is not known: then nothing is cut.
    static func screenful(_ text: String, total: String?, in size: Terminal.Size?) -> [String] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let all = lines + [total].compactMap(\.self)
        guard let size else { return all }
        // The cursor waits in a line of its own. Below a heading and the count nothing is worth drawing.
        let room = max(size.rows - 1, 2)
        guard all.count > room else { return all.map { VisibleText.cut($0, to: size.columns) } }
        let shown = Array(lines.prefix(room - 1))
        let rest = "… \(lines.count - shown.count) more" + (total.map { ", \($0) in all" } ?? "")
        return (shown + [rest]).map { VisibleText.cut($0, to: size.columns) }
    }

    /// Up to the first line of what was drawn last, and clear from there.
    private var back: String { lines == 0 ? "" : "\u{1B}[\(lines)A\u{1B}[J" }

    /// Characters may be wider than one column: a terminal that breaks no lines (DECAWM) draws each in one row all the
    /// same.
    private mutating func draw(_ drawn: [String]) {
        Output.print(back + "\u{1B}[?7l" + drawn.joined(separator: "\n") + "\u{1B}[?7h")
        lines = drawn.count
    }
}
