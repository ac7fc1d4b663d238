import BrokerCore

/// What operators' sentences have in common. They are English, like the command line and the log.
enum OperatorText {
    /// What an operator can do about a start that failed for good.
    static let afterFailure =
        "Its learner may start it again; if that fails too, `carrel check` looks at hosts and images."

    /// Who gave an extension, if the state file does not say.
    static let someOperator = "an operator"

    /// A duration as people say it: "45 s", "12 min", "2 h 5 min".
    static func span(_ duration: Duration) -> String {
        let milliseconds = max(0, duration.wholeMilliseconds)
        let seconds = milliseconds / 1000
        if milliseconds < 10_000 { return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s" }
        if seconds < 120 { return "\(seconds) s" }
        let minutes = seconds / 60
        if minutes < 120 { return "\(minutes) min" }
        return minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes / 60) h \(minutes % 60) min"
    }

    /// A number of bytes as people say it, in binary units: "512 MiB", "1.5 GiB".
    static func bytes(_ count: Int64) -> String {
        let mebibytes = count / (1 << 20)
        if mebibytes < 1024 { return "\(mebibytes) MiB" }
        let tenths = count / ((1 << 30) / 10)
        return tenths % 10 == 0 ? "\(tenths / 10) GiB" : "\(tenths / 10).\(tenths % 10) GiB"
    }

    /// The activity that showed that a session is in use, as the middle of a sentence.
    static func activity(_ source: ActivitySource) -> String {
        switch source {
        case .launch: "it was launched"
        case .ready: "the lab became ready"
        case .edge: "somebody did something in it"
        case .busyKernel: "a kernel was executing"
        case .kernel: "a kernel did something"
        case .keep: "its learner pressed Keep it"
        }
    }

    /// Labels as operators write them: "disk=ssd, gpu=true".
    static func labels(_ labels: [String: String]) -> String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }

    /// Turns a message from another component into a sentence by adding a full stop if it has no end mark.
    static func sentence(_ message: String) -> String {
        guard let last = message.last else { return "No reason was given." }
        return ".!?…".contains(last) ? message : message + "."
    }
}
