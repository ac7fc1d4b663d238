/// What a value of a link or ticket may look like at all.
enum FieldRule {
    /// Checks a text against its limit, and that it can stand in a page, a log line and a table.
    static func check(_ value: String, name: String, maximum: Int) throws(LaunchError) {
        if value.isEmpty { throw LaunchError(.invalidParameter, name, "\(name) is empty; \(LaunchError.askAgain)") }
        if value.utf8.count > maximum {
            throw LaunchError(
                .tooLong, name, "\(name) is longer than \(maximum) bytes; \(LaunchError.askAgain)")
        }
        for scalar in value.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .surrogate:
                throw LaunchError(
                    .invalidParameter, name, "\(name) contains a control character; \(LaunchError.askAgain)")
            default: continue
            }
        }
    }

    /// Whole seconds since 1970, written the one way that there is.
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
