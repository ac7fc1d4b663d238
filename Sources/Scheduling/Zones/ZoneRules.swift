/// The clock changes of one time zone, read from a TZif file (RFC 9636).
///
/// The bytes come from the system, or from a directory set by TZDIR, so every count is checked before use, and
/// inconsistent files are rejected.
public struct ZoneRules: Hashable, Sendable {
    /// Times of the clock changes in seconds since 1970, ascending.
    private let transitions: [Int64]
    /// The offset from each transition on, in seconds ahead of Coordinated Universal Time.
    private let offsets: [Int32]
    /// The offset before the first transition, in seconds ahead of Coordinated Universal Time.
    private let initial: Int32
    /// The rule after the last transition; `nil` if the file has none, in which case the last offset continues to
    /// apply.
    private let footer: RecurringZone?

    /// A zone without clock changes.
    ///
    /// - Parameter fixed: seconds ahead of Coordinated Universal Time.
    public init(fixed: Int32) { self.init(initial: fixed) }

    /// A zone with the same clock changes every year.
    public init(recurring: RecurringZone) {
        self.init(initial: Int32(recurring.standardOffset), footer: recurring)
    }

    private init(
        transitions: [Int64] = [], offsets: [Int32] = [], initial: Int32, footer: RecurringZone? = nil
    ) {
        self.transitions = transitions
        self.offsets = offsets
        self.initial = initial
        self.footer = footer
    }

    /// The offset in seconds ahead of Coordinated Universal Time.
    ///
    /// - Parameter seconds: since 1970.
    public func offset(at seconds: Int64) -> Int64 {
        guard let last = transitions.last else { return footer?.offset(at: seconds) ?? Int64(initial) }
        if seconds >= last, let footer { return footer.offset(at: seconds) }
        // The number of transitions at or before `seconds`.
        var (low, high) = (0, transitions.count)
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return Int64(low == 0 ? initial : offsets[low - 1])
    }

    /// - Throws: `SchedulingError` that says what is wrong with the file.
    public init(_ bytes: [UInt8]) throws(SchedulingError) {
        guard bytes.count <= SchedulingLimits.zoneBytes else {
            throw SchedulingError("it has more than \(SchedulingLimits.zoneBytes) bytes")
        }
        var reader = Reader(rest: bytes[...])
        var header = try Header(&reader)
        // Since version 2 the data is repeated with 64-bit times, and a rule for the time after them.
        let isWide = header.version >= 2
        if isWide {
            try reader.skip(header.length(wide: false))
            header = try Header(&reader)
        }
        self = try Self.body(header, isWide: isWide, &reader)
    }

    /// The counts of the header (section 3.1).
    private struct Header {
        var version: Int
        var utcIndicators, standardIndicators, leapSeconds, transitions, types, characters: Int

        init(_ reader: inout Reader) throws(SchedulingError) {
            guard try reader.take(4).elementsEqual("TZif".utf8) else {
                throw SchedulingError("it does not begin with TZif")
            }
            let mark = try reader.number(bytes: 1)
            version = mark == 0 ? 1 : Int(mark) - 0x30
            guard version >= 1 else { throw SchedulingError("its version is \(mark)") }
            try reader.skip(15)
            utcIndicators = try reader.count()
            standardIndicators = try reader.count()
            leapSeconds = try reader.count()
            transitions = try reader.count()
            types = try reader.count()
            characters = try reader.count()
            guard (1...256).contains(types) else { throw SchedulingError("it has \(types) kinds of local time") }
        }

        /// The length in bytes of the data block that follows.
        func length(wide: Bool) -> Int {
            transitions * (wide ? 9 : 5) + types * 6 + characters + leapSeconds * (wide ? 12 : 8) + standardIndicators
                + utcIndicators
        }
    }

    private static func body(
        _ header: Header, isWide: Bool, _ reader: inout Reader
    ) throws(SchedulingError) -> ZoneRules {
        guard header.leapSeconds == 0 else {
            throw SchedulingError("it counts leap seconds, which clocks of computers do not")
        }
        guard reader.rest.count >= header.length(wide: isWide) else { throw Reader.cutOff }
        var transitions: [Int64] = []
        for _ in 0..<header.transitions {
            let moment = try reader.number(bytes: isWide ? 8 : 4)
            guard transitions.last.map({ $0 < moment }) ?? true else {
                throw SchedulingError("its transitions are not in order")
            }
            transitions.append(moment)
        }
        let kinds = try reader.take(header.transitions)
        var types: [Int32] = []
        for _ in 0..<header.types {
            let offset = try reader.number(bytes: 4)
            // Section 3.2: more than -25 hours and less than 26.
            guard (-89_999...93_599).contains(offset) else { throw SchedulingError("a clock is \(offset) s ahead") }
            types.append(Int32(offset))
            try reader.skip(2)
        }
        guard kinds.allSatisfy({ Int($0) < types.count }) else {
            throw SchedulingError("a transition leads to a kind of local time that is not there")
        }
        try reader.skip(header.characters + header.standardIndicators + header.utcIndicators)
        return ZoneRules(
            transitions: transitions, offsets: kinds.map { types[Int($0)] }, initial: types[0],
            footer: isWide ? try footer(&reader) : nil)
    }

    /// Enclosed in line feeds (section 3.3); empty if no rule is known.
    private static func footer(_ reader: inout Reader) throws(SchedulingError) -> RecurringZone? {
        guard try reader.number(bytes: 1) == 0x0A, let end = reader.rest.firstIndex(of: 0x0A) else {
            throw Reader.cutOff
        }
        let text = String(decoding: reader.rest[..<end], as: UTF8.self)
        if text.isEmpty { return nil }
        guard let rule = RecurringZone(text) else {
            throw SchedulingError("its rule for the time to come, \"\(text.prefix(60))\", cannot be read")
        }
        return rule
    }

    /// Consumes bytes from the front.
    private struct Reader {
        static let cutOff = SchedulingError("it was cut off")
        var rest: ArraySlice<UInt8>

        mutating func take(_ count: Int) throws(SchedulingError) -> ArraySlice<UInt8> {
            guard count <= rest.count else { throw Self.cutOff }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }

        mutating func skip(_ count: Int) throws(SchedulingError) { _ = try take(count) }

        /// Big-endian; 4- and 8-byte numbers are in two's complement.
        mutating func number(bytes count: Int) throws(SchedulingError) -> Int64 {
            let bits = try take(count).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return count == 4 ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits)
        }

        /// One of the header's counts. No real file is as long as the maximum that a count may have.
        mutating func count() throws(SchedulingError) -> Int {
            let number = try number(bytes: 4)
            guard (0...Int64(SchedulingLimits.zoneBytes)).contains(number) else { throw Self.cutOff }
            return Int(number)
        }
    }
}
