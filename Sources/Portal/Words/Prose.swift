import BrokerCore
import Foundation

/// A few sentences of a page in pieces: Carrel's own words, texts from outside, and times.
///
/// A name from outside may be right-to-left, or contain control characters that make it so; each is isolated, so that
/// it does not reorder the text around it. The page's script shows a time in the browser's own time zone; without it,
/// the time is in UTC.
struct Prose: Hashable, Sendable {
    enum Piece: Hashable, Sendable {
        case text(String)
        /// Text from outside of Carrel: a name, a note.
        case name(String)
        /// `seen` is when the page is rendered: a time on the same day is shown without its day.
        case moment(Timestamp, MomentText.Form, seen: Timestamp)
        /// The contact for learners.
        case contact(Contact)
        /// Text to copy verbatim.
        case code(String)
    }

    private(set) var pieces: [Piece] = []

    init(_ pieces: [Piece] = []) { self.pieces = pieces }

    static func + (a: Prose, b: Prose) -> Prose { Prose(a.pieces + b.pieces) }

    /// Sentences with a space between them.
    static func joined(_ parts: [Prose]) -> Prose {
        Prose(Array(parts.map(\.pieces).joined(separator: [.text(" ")])))
    }

    var isEmpty: Bool { pieces.isEmpty }

    var hasMoments: Bool {
        pieces.contains { piece in
            if case .moment = piece { true } else { false }
        }
    }

    /// For screen readers, titles and programs: times are in UTC, and names are enclosed in isolating marks (Unicode
    /// 15, section 23.2: U+2068 and U+2069).
    var plain: String {
        pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .name(let name): Self.isIsolated(name) ? "\u{2068}\(name)\u{2069}" : name
            case .moment(let time, let form, let seen): MomentText.utc(time, form, seen: seen)
            case .contact(let contact): contact.text
            case .code(let text): text
            }
        }.joined()
    }

    var html: String {
        pieces.map { piece in
            switch piece {
            case .text(let text): HTMLText().escapeText(text)
            case .name(let name): "<bdi>\(HTMLText().escapeText(name))</bdi>"
            case .moment(let time, let form, let seen):
                "<time datetime=\"\(MomentText.iso(time))\" data-form=\"\(form.rawValue)\">"
                    + "\(MomentText.utc(time, form, seen: seen))</time>"
            case .contact(let contact): contact.html
            case .code(let text): "<code>\(HTMLText().escapeText(text))</code>"
            }
        }.joined()
    }

    /// ASCII contains no right-to-left characters and no direction marks.
    private static func isIsolated(_ name: String) -> Bool { !name.utf8.allSatisfy { $0 < 0x80 } }
}

extension Prose: ExpressibleByStringInterpolation {
    /// A bare string cannot be interpolated into a sentence: each interpolation states its origin.
    struct StringInterpolation: StringInterpolationProtocol {
        var pieces: [Piece] = []

        init(literalCapacity: Int, interpolationCount: Int) {}

        mutating func appendLiteral(_ text: String) { if !text.isEmpty { pieces.append(.text(text)) } }

        /// Text from outside of Carrel.
        mutating func appendInterpolation(name: String) { pieces.append(.name(name)) }

        /// Carrel's own words.
        mutating func appendInterpolation(words: String) { pieces.append(.text(words)) }

        mutating func appendInterpolation(_ contact: Contact) { pieces.append(.contact(contact)) }

        mutating func appendInterpolation(code: String) { pieces.append(.code(code)) }

        mutating func appendInterpolation(_ number: Int) { pieces.append(.text("\(number)")) }

        mutating func appendInterpolation(_ prose: Prose) { pieces += prose.pieces }

        /// `at 14:30 UTC`, `on Monday at 14:30 UTC`.
        mutating func appendInterpolation(at time: Timestamp, seen: Timestamp) {
            pieces.append(.moment(time, .at, seen: seen))
        }

        /// `until 14:30 UTC`, `until Monday 14:30 UTC`.
        mutating func appendInterpolation(until time: Timestamp, seen: Timestamp) {
            pieces.append(.moment(time, .until, seen: seen))
        }
    }

    init(stringLiteral text: String) { pieces = [.text(text)] }

    init(stringInterpolation: StringInterpolation) { pieces = stringInterpolation.pieces }
}

/// The encoding for a program of a lab's own page: a list of texts, and of times as `{"moment": milliseconds since
/// 1970, "form": "at"}`.
extension Prose: Codable {
    private struct Moment: Codable {
        var moment: Timestamp
        var form: MomentText.Form
    }

    init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        while !list.isAtEnd {
            if let text = try? list.decode(String.self) {
                pieces.append(.text(text))
            } else {
                let value = try list.decode(Moment.self)
                pieces.append(.moment(value.moment, value.form, seen: value.moment))
            }
        }
    }

    func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        for piece in pieces {
            if case .moment(let time, let form, _) = piece {
                try list.encode(Moment(moment: time, form: form))
            } else {
                try list.encode(Prose([piece]).plain)
            }
        }
    }
}

/// Times for people whose time zone is unknown: in UTC, marked as such.
enum MomentText {
    /// The form of a time in its sentence.
    enum Form: String, Hashable, Sendable, Codable { case at, until }

    /// `2026-12-01T14:30:00Z`, for the script.
    static func iso(_ time: Timestamp) -> String {
        let parts = parts(time)
        return
            "\(parts.year ?? 0)-\(two(parts.month))-\(two(parts.day))T\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second))Z"
    }

    /// With its day only if that is not today: the weekday within six days, the date beyond.
    static func utc(_ time: Timestamp, _ form: Form, seen: Timestamp) -> String {
        let (parts, today) = (parts(time), self.parts(seen))
        let clock = "\(two(parts.hour)):\(two(parts.minute)) UTC"
        if (parts.year, parts.month, parts.day) == (today.year, today.month, today.day) {
            return "\(form.rawValue) \(clock)"
        }
        let isNear = .zero <= time - seen && time - seen < .seconds(6 * 86_400)
        let day = isNear ? weekday(parts) : date(parts, year: today.year)
        return switch form {
        case .at: "on \(day) at \(clock)"
        case .until: "until \(day) \(clock)"
        }
    }

    private static func weekday(_ parts: DateComponents) -> String { weekdays[((parts.weekday ?? 1) - 1) % 7] }

    private static func date(_ parts: DateComponents, year: Int?) -> String {
        let year = parts.year == year ? "" : " \(parts.year ?? 0)"
        return "\(parts.day ?? 0) \(months[((parts.month ?? 1) - 1) % 12])\(year)"
    }

    private static func parts(_ time: Timestamp) -> DateComponents {
        calendar.dateComponents(
            [.year, .month, .day, .weekday, .hour, .minute, .second],
            from: Date(timeIntervalSince1970: Double(time.milliseconds) / 1000))
    }

    private static func two(_ number: Int?) -> String {
        let number = number ?? 0
        return number < 10 ? "0\(number)" : "\(number)"
    }

    private static let calendar: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }()

    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
}
