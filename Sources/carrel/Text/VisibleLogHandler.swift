import Logging
import Text

/// Writes the log to standard error, and escapes everything that could control a terminal or be invisible in a line,
/// because messages contain names that learners and engines have chosen.
struct VisibleLogHandler: LogHandler {
    private var base: StreamLogHandler

    init(label: String, level: Logger.Level) {
        base = StreamLogHandler.standardError(label: label)
        base.logLevel = level
    }

    var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        var event = event
        event.message = "\(VisibleText.escaped(event.message.description))"
        event.metadata = event.metadata?.mapValues { "\(VisibleText.escaped("\($0)"))" }
        base.log(event: event)
    }
}
