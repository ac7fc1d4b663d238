/// Detects empty arguments: usually an unset variable in a script. No command accepts one, because an option that
/// restricts nothing would mean everybody.
enum EmptyArgument {
    /// The options for which an empty value is meaningful.
    static let exceptions: Set<String> = ["--note", "--code"]

    /// The problem with a command line that has an empty argument.
    static func problem(in arguments: [String]) -> String? {
        var previous = ""
        for argument in arguments {
            if argument.isEmpty {
                guard previous.hasPrefix("-") else {
                    return "an argument is empty; perhaps a shell variable is not set"
                }
                if !exceptions.contains(previous) {
                    return "the argument after \(previous) is empty; perhaps a shell variable is not set"
                }
            } else if argument.hasPrefix("--"), argument.firstIndex(of: "=") == argument.indices.last {
                let option = String(argument.dropLast())
                if !exceptions.contains(option), !exceptions.contains(previous) {
                    return "\(option) is empty; give it a value, or leave it out"
                }
            }
            previous = argument
        }
        return nil
    }
}
