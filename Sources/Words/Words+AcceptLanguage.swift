extension Words {
    /// The language that a browser asks for: RFC 9110 section 12.5.4, with the lookup of RFC 4647 section 3.4, so that
    /// `es-MX` finds `es`.
    ///
    /// - Parameters:
    ///   - accepted: the request's `Accept-Language`. At most `WordsLimits.acceptLanguageBytes` of it are read.
    ///   - otherwise: the language if there is no field, or none of its languages is among ours.
    public func preferred(_ accepted: String?, otherwise: Language) -> Language {
        let text = String(decoding: (accepted ?? "").utf8.prefix(WordsLimits.acceptLanguageBytes), as: UTF8.self)
        let ranges = text.split(separator: ",").prefix(WordsLimits.acceptedLanguages).compactMap(Self.range)
        // Of two with the same weight the first one wins.
        let ordered = ranges.enumerated().sorted { a, b in
            a.element.weight != b.element.weight ? a.element.weight > b.element.weight : a.offset < b.offset
        }
        for range in ordered.map(\.element) where range.weight > 0 {
            if range.tag == "*" { return otherwise }
            if let language = lookUp(range.tag) { return language }
        }
        return otherwise
    }

    /// Drops the tag's last part until a language of ours is left.
    private func lookUp(_ tag: String) -> Language? {
        var parts = tag.split(separator: "-", omittingEmptySubsequences: false)
        while !parts.isEmpty {
            let shorter = parts.joined(separator: "-")
            if let language = languages.first(where: { $0.rawValue.lowercased() == shorter }) { return language }
            parts.removeLast()
            if parts.last?.count == 1 { parts.removeLast() }
        }
        return nil
    }

    /// `es-MX;q=0.8` in lower case with its weight; `nil` if it is not of this form.
    private static func range(_ text: Substring) -> (tag: String, weight: Double)? {
        let parts = text.split(separator: ";").map { part in
            part.filter { $0 != " " && $0 != "\t" }.lowercased()
        }
        guard let tag = parts.first, !tag.isEmpty else { return nil }
        guard parts.count > 1 else { return (tag, 1) }
        guard parts.count == 2, parts[1].hasPrefix("q="), let weight = Double(parts[1].dropFirst(2)),
            (0...1).contains(weight)
        else { return nil }
        return (tag, weight)
    }
}
