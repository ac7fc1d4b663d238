import Identity

/// The general restrictions on values of links.
public enum FieldRule {
    /// Checks a text against its limit, and that it is safe in a page, a log line and a table.
    public static func check(_ value: String, name: String, maximum: Int) throws(LaunchError) {
        switch FieldText.fault(in: value, maximum: maximum) {
        case nil: return
        case .empty: throw LaunchError(.invalidParameter, name, "\(name) is empty; \(LaunchError.askAgain)")
        case .tooLong:
            throw LaunchError(.tooLong, name, "\(name) is longer than \(maximum) bytes; \(LaunchError.askAgain)")
        case .controlCharacter:
            throw LaunchError(
                .invalidParameter, name, "\(name) contains a control character; \(LaunchError.askAgain)")
        }
    }

    /// Parses whole seconds since 1970 in their canonical spelling.
    static func time(_ value: String, name: String) throws(LaunchError) -> Int64 {
        if value.utf8.count > LaunchLimits.timeLength {
            throw LaunchError(.tooLong, name, "\(name) is no time; \(LaunchError.askAgain)")
        }
        guard let seconds = Int64(value), seconds >= 0, String(seconds).utf8.elementsEqual(value.utf8) else {
            throw LaunchError(.invalidParameter, name, "\(name) is no time; \(LaunchError.askAgain)")
        }
        return seconds
    }
}
