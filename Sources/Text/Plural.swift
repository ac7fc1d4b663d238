/// Numbers with what they count.
public enum Plural {
    /// `1 lab`, `2 labs`, `0 labs`.
    ///
    /// - Parameters:
    ///   - one: the noun for one of them.
    ///   - many: the noun for any other number; with an `s` if left out.
    public static func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        "\(number) \(noun(number, one, many))"
    }

    /// The noun, or the verb, that goes with a number.
    public static func noun(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        number == 1 ? one : many ?? one + "s"
    }
}
