/// Text from outside, as a terminal or a log may show it.
public enum VisibleText {
    /// The text with every scalar written out that commands a terminal, changes the direction of what is around it, or
    /// cannot be seen: `\u{202E}`. O(length).
    public static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isHidden) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            if isHidden(scalar) {
                escaped += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// The text without the scalars that `escaped` writes out. O(length).
    public static func stripped(_ text: some StringProtocol) -> String {
        var stripped = ""
        stripped.unicodeScalars.append(contentsOf: text.unicodeScalars.lazy.filter { !isHidden($0) })
        return stripped
    }

    /// Text of several lines, each of them escaped. A line ends with `\n` or `\r\n`, and here with `\n`.
    public static func escapedLines(_ text: String) -> String {
        text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
            .map { escaped(String($0)) }.joined(separator: "\n")
    }

    /// No more than `width` characters, of which the last is `…` where something was cut off. A character that is made
    /// of more than `marks` scalars loses the rest of them: a name may pile up marks without end.
    public static func cut(_ text: String, to width: Int, marks: Int = 8) -> String {
        precondition(width > 0)
        var cut = ""
        for (index, character) in text.enumerated() {
            guard index < width else { return String(cut.dropLast()) + "…" }
            cut.unicodeScalars.append(contentsOf: character.unicodeScalars.prefix(marks))
        }
        return cut
    }

    /// Control characters, line and paragraph separators, and what Unicode calls format characters: marks that set,
    /// embed, override and isolate a direction, joiners and spaces without width, tags. Fillers that look like nothing
    /// are letters to Unicode.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        // Most text is ASCII, or close to it.
        if scalar.value < 0xAD { return scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
        default: scalar.properties.isDefaultIgnorableCodePoint && !isVariationSelector(scalar)
        }
    }

    /// These choose between two pictures of the character before them, such as a heart in black or in colour.
    private static func isVariationSelector(_ scalar: Unicode.Scalar) -> Bool {
        (0xFE00...0xFE0F).contains(scalar.value)
    }
}
