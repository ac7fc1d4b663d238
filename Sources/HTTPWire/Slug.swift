/// The label of a session's hostname: 1–32 lower-case letters and digits.
///
/// It is stored in four words, so that a hostname can be looked up without allocating a string.
public struct Slug: Hashable, Sendable, CustomStringConvertible {
    public static let length = 1...32

    private var words: (UInt64, UInt64, UInt64, UInt64)

    /// - Returns: `nil` if the bytes are not a slug. Upper case is lower-cased, as in every hostname.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard Self.length.contains(bytes.count) else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let isValid = withUnsafeMutableBytes(of: &words) { target in
            for index in 0..<bytes.count {
                let byte = Byte.lowercased(bytes[index])
                guard Byte.isLetter(byte) || Byte.isDigit(byte) else { return false }
                target[index] = byte
            }
            return true
        }
        guard isValid else { return nil }
        self.words = words
    }

    public init?(_ text: String) {
        guard let slug = text.withBytes({ Slug($0) }) else { return nil }
        self = slug
    }

    public var description: String {
        withUnsafeBytes(of: words) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    public static func == (a: Slug, b: Slug) -> Bool { a.words == b.words }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

/// The label in front of the labs' domain: `SLUG`, or `PORT--SLUG` for another port that a lab has declared.
public struct LabLabel: Hashable, Sendable {
    public let slug: Slug
    /// 1–65535, without leading zeros; `nil` for the lab itself.
    public let port: Int?

    public init?(_ label: UnsafeRawBufferPointer) {
        var digits = 0
        while digits < label.count, Byte.isDigit(label[digits]) { digits += 1 }
        if digits > 0, digits + 2 < label.count, label[digits] == Byte.hyphen, label[digits + 1] == Byte.hyphen {
            guard label[0] != Byte.zero, digits <= 5, let number = label.part(0..<digits).decimal(), number <= 65535,
                let slug = Slug(label.part(digits + 2..<label.count))
            else { return nil }
            self.slug = slug
            port = Int(number)
        } else {
            guard let slug = Slug(label) else { return nil }
            self.slug = slug
            port = nil
        }
    }
}

/// The wildcard domain under which each session has one label.
public struct LabsDomain: Hashable, Sendable {
    /// In lower case, with a leading dot.
    private let suffix: [UInt8]

    /// - Returns: `nil` when the domain is not a valid hostname.
    public init?(_ domain: String) {
        guard Hostname.isValid(domain) else { return nil }
        suffix = [Byte.dot] + domain.utf8.map(Byte.lowercased)
    }

    /// The range of the label before the labs' domain; `nil` if the host is not exactly one label under that domain.
    public func label(of host: UnsafeRawBufferPointer) -> Range<Int>? {
        let count = host.count - suffix.count
        guard count > 0 else { return nil }
        for index in 0..<suffix.count where Byte.lowercased(host[count + index]) != suffix[index] { return nil }
        for index in 0..<count where host[index] == Byte.dot { return nil }
        return 0..<count
    }
}
