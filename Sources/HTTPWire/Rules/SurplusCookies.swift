/// What is kept of cookies that exceed the limit: as many of their names as there is room for.
public struct SurplusCookies: Sendable, Equatable {
    /// Maximum total bytes of names that are kept.
    static let nameBytes = 16 * 1024
    /// Maximum bytes of one name; a longer one is not kept.
    static let longestName = 256

    /// The size of everything that was skipped, in bytes.
    private(set) var byteCount = 0
    private var names: [UInt8] = []
    /// The start of the name being read; nil within a value.
    private var start: Int? = 0
    private var hasCarriageReturn = false

    init() {}

    /// Whether a cookie with that name is among those whose names were kept.
    public func contains(_ name: String) -> Bool {
        var isThere = false
        forEachName { if String(decoding: $0, as: UTF8.self) == name { isThere = true } }
        return isThere
    }

    /// Passes each name to `body`, in order of arrival. Names consist of visible characters other than `=` and `;`.
    public func forEachName(_ body: (ArraySlice<UInt8>) -> Void) {
        let complete = start.map { names[..<$0] } ?? names[...]
        for name in complete.split(separator: Byte.semicolon) { body(name) }
    }

    /// Adds the value of a Cookie field that was already parsed.
    mutating func add(_ value: UnsafeRawBufferPointer) {
        for byte in value { take(byte) }
        endPair()
    }

    /// Continues within a line of cookies.
    ///
    /// - Returns: whether this byte ends the line.
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
            // A name of which nothing was kept does not count.
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

    /// A part without an equals sign is a value without a name.
    private mutating func endPair() {
        if let start { names.removeLast(names.count - start) }
        start = names.count
    }
}
