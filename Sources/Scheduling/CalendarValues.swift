import BrokerCore

/// The value of a DTSTART or similar property, in the form in which the calendar gives it.
enum CalendarTime: Hashable, Sendable {
    case utc(WallTime)
    case zoned(WallTime, zone: String)
    /// At this time of day in any time zone.
    case floating(WallTime)
    /// A whole day, in days since 1970.
    case date(Int64)

    /// Whether it is an absolute time, independent of wall clocks.
    var isMoment: Bool {
        if case .utc = self { true } else { false }
    }

    init(_ line: ContentLine) throws(SchedulingError) {
        try self.init(line.word, line)
    }

    /// A time in Coordinated Universal Time; `nil` for any other form.
    static func moment(_ line: ContentLine) -> Timestamp? {
        guard let (wall, isUTC) = dateTime(line.word), isUTC else { return nil }
        return Timestamp(milliseconds: wall.secondsSince1970 * 1000)
    }

    /// All values of a list.
    static func list(_ line: ContentLine) throws(SchedulingError) -> [CalendarTime] {
        var times: [CalendarTime] = []
        for value in line.words(between: ",") { times.append(try CalendarTime(value, line)) }
        return times
    }

    private init(_ value: some StringProtocol, _ line: ContentLine) throws(SchedulingError) {
        // Some programs write a date without declaring its type.
        let isDate = line.parameters["VALUE"] == nil && Self.date(value) != nil
        let kind = line.parameters["VALUE"]?.uppercased() ?? (isDate ? "DATE" : "DATE-TIME")
        switch kind {
        case "DATE":
            guard let date = Self.date(value) else { throw Self.wrong(line) }
            self = .date(date)
        case "DATE-TIME":
            guard let (wall, isUTC) = Self.dateTime(value) else { throw Self.wrong(line) }
            if isUTC {
                self = .utc(wall)
            } else if let zone = line.parameters["TZID"] {
                self = .zoned(wall, zone: zone)
            } else {
                self = .floating(wall)
            }
        default:
            throw SchedulingError("\(line.name) is a \(kind), which is not supported", line: line.line)
        }
    }

    private static func wrong(_ line: ContentLine) -> SchedulingError {
        SchedulingError(
            "\(line.name) is \"\(line.value.prefix(40))\"; a date is like 20261201, a time like 20261201T090000",
            line: line.line)
    }

    /// `20261201`.
    static func date(_ text: some StringProtocol) -> Int64? {
        guard text.utf8.count == 8, let numbers = numbers(text, [4, 2, 2]) else { return nil }
        return WallTime(year: numbers[0], month: numbers[1], day: numbers[2])?.day
    }

    /// `20261201T090000`, or with a `Z` in Coordinated Universal Time. A leap second counts as the second before it.
    static func dateTime(_ text: some StringProtocol) -> (WallTime, isUTC: Bool)? {
        var text = Substring(text)
        let isUTC = text.last == "Z"
        if isUTC { text = text.dropLast() }
        let parts = text.split(separator: "T", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 8, parts[1].utf8.count == 6,
            let date = numbers(parts[0], [4, 2, 2]), let time = numbers(parts[1], [2, 2, 2]),
            let wall = WallTime(
                year: date[0], month: date[1], day: date[2], hour: time[0], minute: time[1], second: min(time[2], 59)),
            time[2] <= 60
        else { return nil }
        return (wall, isUTC)
    }

    private static func numbers(_ text: some StringProtocol, _ lengths: [Int]) -> [Int]? {
        var rest = Substring(text).utf8[...]
        var numbers: [Int] = []
        for length in lengths {
            let digits = rest.prefix(length)
            guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let number = Int(Substring(digits))
            else { return nil }
            numbers.append(number)
            rest = rest.dropFirst(length)
        }
        return numbers
    }
}

/// A DURATION (RFC 5545, section 3.3.6): calendar days, and elapsed seconds.
struct CalendarSpan: Hashable, Sendable {
    var days: Int64
    var seconds: Int64

    /// `PT1H30M`, `P1D`, `P2W`; not negative. `nil` for anything else, and for more than a hundred years.
    init?(_ text: some StringProtocol) {
        var text = Substring(text)
        if text.first == "+" { text = text.dropFirst() }
        guard text.first == "P" else { return nil }
        text = text.dropFirst()
        days = 0
        seconds = 0
        var isTime = false
        var units = "WDTHMS"[...]
        var hasAny = false
        while let first = text.first {
            if first == "T", !isTime {
                isTime = true
                units = "HMS"
                text = text.dropFirst()
                guard !text.isEmpty else { return nil }
                continue
            }
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty, digits.count <= 9, let number = Int64(digits),
                let unit = text.dropFirst(digits.count).first, let index = units.firstIndex(of: unit)
            else { return nil }
            units = units[units.index(after: index)...]
            text = text.dropFirst(digits.count + 1)
            hasAny = true
            switch unit {
            case "W": days += number * 7
            case "D": days += number
            case "H": seconds += number * 3600
            case "M": seconds += number * 60
            default: seconds += number
            }
        }
        guard hasAny, days + seconds / 86_400 <= 36_500 else { return nil }
    }

    var duration: Duration { .seconds(days * 86_400 + seconds) }
}

extension Recurrence {
    /// An RRULE. Errors name the unsupported part.
    init(rule line: ContentLine) throws(SchedulingError) {
        func wrong(_ what: String) -> SchedulingError { SchedulingError("its RRULE \(what)", line: line.line) }
        var parts: [String: Substring] = [:]
        for part in line.words(between: ";") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(\.trimmed)
            guard pair.count == 2, parts.updateValue(pair[1], forKey: pair[0].uppercased()) == nil else {
                throw wrong("has \"\(part.prefix(40))\", which is no part, or there twice")
            }
        }
        guard let word = parts.removeValue(forKey: "FREQ") else { throw wrong("has no FREQ") }
        guard let frequency = Frequency(rawValue: word.uppercased()) else {
            throw wrong("has FREQ=\(word.prefix(20)); only DAILY and WEEKLY are supported")
        }
        self.init(frequency, end: .never)
        if let text = parts.removeValue(forKey: "INTERVAL") {
            guard let number = Self.number(text) else { throw wrong("has INTERVAL=\(text.prefix(20))") }
            interval = number
        }
        if let text = parts.removeValue(forKey: "BYDAY") {
            for code in text.split(separator: ",").map(\.trimmed) where !code.isEmpty {
                guard let day = Weekday(code: code.uppercased()) else {
                    throw wrong("has BYDAY=\(code.prefix(20)); only MO to SU are supported, without a number")
                }
                weekdays.insert(day)
            }
        }
        if let text = parts.removeValue(forKey: "WKST") {
            guard let day = Weekday(code: text.uppercased()) else { throw wrong("has WKST=\(text.prefix(20))") }
            weekStart = day
        }
        let count = parts.removeValue(forKey: "COUNT")
        let until = parts.removeValue(forKey: "UNTIL")
        switch (count, until) {
        case (nil, nil): end = .never
        case (let count?, nil):
            guard let number = Self.number(count) else { throw wrong("has COUNT=\(count.prefix(20))") }
            end = .count(number)
        case (nil, let until?):
            if let day = CalendarTime.date(until) {
                end = .day(day)
            } else if let (wall, isUTC) = CalendarTime.dateTime(until) {
                end = isUTC ? .moment(Timestamp(milliseconds: wall.secondsSince1970 * 1000)) : .wall(wall)
            } else {
                throw wrong("has UNTIL=\(until.prefix(20))")
            }
        case (.some, .some): throw wrong("has COUNT and UNTIL; one of them is allowed")
        }
        if let other = parts.keys.sorted().first { throw wrong("has \(other.prefix(20)), which is not supported") }
    }

    private static func number(_ text: Substring) -> Int? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(text),
            (1...SchedulingLimits.recurrenceNumber).contains(number)
        else { return nil }
        return number
    }
}
