import Foundation

/// The capabilities of the terminal that shows the text.
struct Terminal: Hashable, Sendable {
    struct Size: Hashable, Sendable {
        var rows: Int
        var columns: Int
    }

    /// Columns, 40 to 240.
    var width: Int
    /// Whether characters beyond ASCII can be shown.
    var isUnicode: Bool

    init(width: Int, isUnicode: Bool) {
        self.width = min(max(width, 40), 240)
        self.isUnicode = isUnicode
    }

    /// The terminal on standard output; 80 columns if it is not a terminal and `COLUMNS` is not set.
    static func current(plain: Bool, environment: [String: String] = ProcessInfo.processInfo.environment) -> Terminal {
        let width = environment["COLUMNS"].flatMap { Int($0) } ?? size()?.columns ?? 80
        // POSIX: the first one that is set and not empty applies.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        let encoding = locale.lowercased().filter { $0 != "-" }
        return Terminal(width: width, isUnicode: !plain && encoding.hasSuffix("utf8"))
    }

    /// The current size of standard output; `nil` if it is not a terminal, or does not report its size.
    static func size() -> Size? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0 else { return nil }
        return Size(rows: Int(size.ws_row), columns: Int(size.ws_col))
    }
}
