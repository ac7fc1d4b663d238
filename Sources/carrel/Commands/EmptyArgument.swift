/// An argument that is empty: mostly a variable of a script that nobody has set. No command takes one, because an
/// option that restricts nothing would mean everybody.
enum EmptyArgument {
    /// The options whose empty value says something.
    static let exceptions: Set<String> = ["--note", "--code"]

    /// What is wrong with a command line that has an empty argument.
    static func problem(in arguments: [String]) -> String? {
        var previous = ""
        for argument in arguments {
            if argument.isEmpty {
                guard previous.hasPrefix("-") else {
                    return "an argument is empty; is a variable that nobody has set meant for it?"
                }
                if !exceptions.contains(previous) { return words(previous) }
            } else if argument.hasPrefix("--"), argument.firstIndex(of: "=") == argument.indices.last {
                let option = String(argument.dropLast())
                if !exceptions.contains(option) { return words(option) }
            }
            previous = argument
        }
        return nil
    }

    private static func words(_ option: String) -> String {
        "\(option) is empty; give it a value, or leave it out"
    }
}
