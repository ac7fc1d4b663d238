/// The named limits of this target.
public enum WordsLimits {
    /// Bytes of an `Accept-Language` field that are read; the rest is ignored.
    public static let acceptLanguageBytes = 4096
    /// Languages of that field that are considered.
    public static let acceptedLanguages = 32
    /// Earlier items of the same booking that the refusal of an item without seats names.
    static let companionsNamed = 5
    /// Characters of a calendar event's UID that a refusal shows.
    static let eventNameShown = 60
    /// How deeply plurals and choices of a pattern may be nested.
    public static let patternDepth = 8
}
