/// The rule for identifiers and names that come from outside.
public enum FieldText {
    public enum Fault: Hashable, Sendable {
        case empty
        case tooLong
        case controlCharacter
    }

    /// What is wrong with a text; `nil` if it is safe in a page, a log line and a table.
    ///
    /// - Parameter maximum: UTF-8 bytes.
    public static func fault(in text: String, maximum: Int) -> Fault? {
        if text.isEmpty { return .empty }
        if text.utf8.count > maximum { return .tooLong }
        let hasControl = text.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
            default: false
            }
        }
        return hasControl ? .controlCharacter : nil
    }
}
