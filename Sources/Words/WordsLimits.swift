/// The named limits of this target.
public enum WordsLimits {
    /// Bytes of an `Accept-Language` field that are read; the rest is ignored.
    public static let acceptLanguageBytes = 4096
    /// Languages of that field that are considered.
    public static let acceptedLanguages = 32
    /// How deeply plurals and choices of a pattern may be nested.
    public static let patternDepth = 8
}
