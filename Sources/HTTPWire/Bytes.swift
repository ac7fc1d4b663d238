/// Named bytes of the HTTP grammar, and the character classes it is built from (RFC 9110, section 5.6).
enum Byte {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let hash: UInt8 = 0x23
    static let asterisk: UInt8 = 0x2A
    static let comma: UInt8 = 0x2C
    static let hyphen: UInt8 = 0x2D
    static let dot: UInt8 = 0x2E
    static let slash: UInt8 = 0x2F
    static let zero: UInt8 = 0x30
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B
    static let equals: UInt8 = 0x3D
    static let questionMark: UInt8 = 0x3F
    static let openBracket: UInt8 = 0x5B
    static let closeBracket: UInt8 = 0x5D
    static let underscore: UInt8 = 0x5F

    /// One digit for each of the 128 ASCII bytes: 1 for `tchar`.
    private static let tokens: StaticString =
        """
        0000000000000000000000000000000001011111001101101111111111000000\
        0111111111111111111111111110001111111111111111111111111111101010
        """

    /// Whether the byte is a `tchar`, allowed in a method or a field name.
    @inline(__always) static func isToken(_ byte: UInt8) -> Bool {
        byte < 128 && tokens.utf8Start[Int(byte)] == 0x31
    }

    /// Whether a field value may contain the byte: HTAB, SP, VCHAR and obs-text; other controls are attacks or
    /// mistakes.
    @inline(__always) static func isFieldValue(_ byte: UInt8) -> Bool {
        (byte >= 0x20 && byte != 0x7F) || byte == tab
    }

    @inline(__always) static func isWhitespace(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    @inline(__always) static func isDigit(_ byte: UInt8) -> Bool { byte &- zero < 10 }

    @inline(__always) static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    @inline(__always) static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    @inline(__always) static func hexValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte &- zero }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }
}

extension UnsafeRawBufferPointer {
    /// A slice of the same memory, rebased so that its offsets start at zero.
    @inline(__always) func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[range])
    }

    /// Without leading and trailing spaces and tabs (`OWS`).
    func trimmed() -> UnsafeRawBufferPointer {
        var start = 0
        var end = count
        while start < end, Byte.isWhitespace(self[start]) { start += 1 }
        while end > start, Byte.isWhitespace(self[end - 1]) { end -= 1 }
        return part(start..<end)
    }

    /// Compares, ignoring the case of ASCII letters.
    @inline(__always) func equalsIgnoringCase(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where Byte.lowercased(self[index]) != Byte.lowercased(other[index]) { return false }
        return true
    }

    /// Compares with a lower-case word, ignoring case.
    public func equalsIgnoringCase(_ lowercase: StaticString) -> Bool {
        guard count == lowercase.utf8CodeUnitCount else { return false }
        let word = lowercase.utf8Start
        for index in 0..<count where Byte.lowercased(self[index]) != word[index] { return false }
        return true
    }

    func equals(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[index] != word.utf8Start[index] { return false }
        return true
    }

    /// Parses a decimal number without sign or spaces; `nil` if it is empty, invalid or does not fit.
    func decimal() -> Int64? {
        guard !isEmpty else { return nil }
        var value: Int64 = 0
        for byte in self {
            guard Byte.isDigit(byte) else { return nil }
            let (product, tooBig) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(Int64(byte &- Byte.zero))
            if tooBig || overflow { return nil }
            value = sum
        }
        return value
    }

    /// Calls `body` for each element of a comma-separated list (RFC 9110, section 5.6.1), trimmed and without empty
    /// ones.
    @inline(__always) func forEachListElement(_ body: (UnsafeRawBufferPointer) -> Void) {
        var start = 0
        for index in 0...count where index == count || self[index] == Byte.comma {
            let element = part(start..<index).trimmed()
            if !element.isEmpty { body(element) }
            start = index + 1
        }
    }

    /// The index of the first byte, in the given range, that is invalid in a field value; scans eight bytes at a time.
    func firstForbidden(from start: Int, before end: Int) -> Int? {
        guard let base = baseAddress else { return nil }
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while index < end {
            if index &+ 8 <= end {
                let word = (base + index).loadUnaligned(as: UInt64.self)
                let delete = word ^ (ones &* 0x7F)
                let suspects = ((word &- (ones &* 0x20)) & ~word | (delete &- ones) & ~delete) & tops
                if suspects == 0 {
                    index &+= 8
                    continue
                }
            }
            // A tab is also below the space, but it is allowed.
            if !Byte.isFieldValue(base.load(fromByteOffset: index, as: UInt8.self)) { return index }
            index &+= 1
        }
        return nil
    }

    /// The index of the first such byte in the given range; scans eight bytes at a time.
    func firstIndex(of byte: UInt8, from start: Int, before end: Int) -> Int? {
        guard let base = baseAddress else { return nil }
        let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
        var index = start
        while index &+ 8 <= end {
            let word = (base + index).loadUnaligned(as: UInt64.self) ^ pattern
            let zeroes = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
            if zeroes != 0 { return index &+ UInt64(littleEndian: zeroes).trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < end {
            if base.load(fromByteOffset: index, as: UInt8.self) == byte { return index }
            index &+= 1
        }
        return nil
    }
}

extension String {
    /// Calls `body` with this string's UTF-8; a literal is not copied.
    @inline(__always) func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        if let result = utf8.withContiguousStorageIfAvailable({ body(UnsafeRawBufferPointer($0)) }) { return result }
        return Array(utf8).withUnsafeBytes { body($0) }
    }
}
