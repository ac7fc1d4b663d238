/// What is kept of cookies that are too many to be read: their names, as far as there is room for them.
public struct SurplusCookies: Sendable, Equatable {
    /// Bytes of names that are kept.
    static let nameBytes = 16 * 1024
    /// Bytes of one name; a longer one is not kept.
    static let longestName = 256

    /// Of all that was read over.
    private(set) var byteCount = 0
    private var names: [UInt8] = []
    /// Where the name begins that is being read; none within a value.
    private var start: Int? = 0
    private var hasCarriageReturn = false

    init() {}

    /// Whether there is a cookie of that name among those whose names were kept.
    public func contains(_ name: String) -> Bool {
        var isThere = false
        forEachName { if String(decoding: $0, as: UTF8.self) == name { isThere = true } }
        return isThere
    }

    /// Hands out each name, in the order in which they came. Names are of visible characters, without `=` and `;`.
    public func forEachName(_ body: (ArraySlice<UInt8>) -> Void) {
        let complete = start.map { names[..<$0] } ?? names[...]
        for name in complete.split(separator: Byte.semicolon) { body(name) }
    }

    /// Adds the value of a Cookie field that was read already.
    mutating func add(_ value: UnsafeRawBufferPointer) {
        for byte in value { take(byte) }
        endPair()
    }

    /// Reads on within a line of cookies.
    ///
    /// - Returns: whether the line has ended with this byte.
    mutating func read(_ byte: UInt8) throws(HTTPParseError) -> Bool {
        if hasCarriageReturn {
            guard byte == Byte.lineFeed else { throw .bareCarriageReturn }
            hasCarriageReturn = false
            endPair()
            return true
        }
        if byte == Byte.carriageReturn {
            hasCarriageReturn = true
        } else if Byte.isFieldValue(byte) {
            take(byte)
        } else {
            throw byte == Byte.lineFeed ? .bareLineFeed : .invalidFieldValue
        }
        return false
    }

    private mutating func take(_ byte: UInt8) {
        byteCount += 1
        if byte == Byte.semicolon { return endPair() }
        guard let start else { return }
        if byte == Byte.equals {
            // A name of which nothing was kept is no name.
            if names.count > start { names.append(Byte.semicolon) }
            self.start = nil
        } else if Byte.isWhitespace(byte), names.count == start {
            return
        } else if byte <= Byte.space || names.count - start == Self.longestName || names.count == Self.nameBytes {
            names.removeLast(names.count - start)
            self.start = nil
        } else {
            names.append(byte)
        }
    }

    /// What had no equals sign is a value without a name.
    private mutating func endPair() {
        if let start { names.removeLast(names.count - start) }
        start = names.count
    }
}
