import Foundation

/// What text can look like where it is read.
struct Terminal: Hashable, Sendable {
    /// Columns, 40 to 240.
    var width: Int
    /// Characters beyond ASCII can be shown.
    var isUnicode: Bool

    init(width: Int, isUnicode: Bool) {
        self.width = min(max(width, 40), 240)
        self.isUnicode = isUnicode
    }

    /// That of standard output; 80 columns where it is none and `COLUMNS` says nothing else.
    static func current(plain: Bool, environment: [String: String] = ProcessInfo.processInfo.environment) -> Terminal {
        var size = winsize()
        let isTerminal = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        let width = environment["COLUMNS"].flatMap { Int($0) } ?? (isTerminal ? Int(size.ws_col) : 80)
        // POSIX: the first of them that is set and not empty counts.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        let encoding = locale.lowercased().filter { $0 != "-" }
        return Terminal(width: width, isUnicode: !plain && encoding.hasSuffix("utf8"))
    }
}
