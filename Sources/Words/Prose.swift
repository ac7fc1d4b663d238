import BrokerCore

/// A few sentences in pieces: Carrel's own words, texts from outside, and times.
///
/// A name from outside may be right-to-left, or contain control characters that make it so; each is isolated, so that
/// it does not reorder the text around it. A page's script shows a time in the browser's own time zone; without it, the
/// time is in UTC.
public struct Prose: Hashable, Sendable {
    public enum Piece: Hashable, Sendable {
        case text(String)
        /// Text from outside of Carrel: a name, a note.
        case name(String)
        /// A time, and the words for it in UTC.
        case moment(Timestamp, MomentForm, utc: String)
        /// Text from outside of Carrel that leads to an address, if it has one.
        case link(text: String, target: String?)
        /// Text to copy verbatim.
        case code(String)
    }

    /// The form of a time in its sentence: *at* it, or *until* it.
    public enum MomentForm: String, Hashable, Sendable, Codable { case at, until }

    public private(set) var pieces: [Piece] = []

    public init(_ pieces: [Piece] = []) { self.pieces = pieces }

    public static func + (a: Prose, b: Prose) -> Prose { Prose(a.pieces + b.pieces).merged }

    /// Sentences with a space between them.
    public static func joined(_ parts: [Prose]) -> Prose {
        Prose(Array(parts.map(\.pieces).joined(separator: [.text(" ")]))).merged
    }

    public var isEmpty: Bool { pieces.isEmpty }

    public var hasMoments: Bool {
        pieces.contains { piece in
            if case .moment = piece { true } else { false }
        }
    }

    /// For screen readers, titles and programs: times are in UTC, and names are enclosed in isolating marks (Unicode
    /// 15, section 23.2: U+2068 and U+2069).
    public var plain: String {
        pieces.map { piece in
            switch piece {
            case .text(let text), .code(let text), .link(let text, _), .moment(_, _, let text): text
            case .name(let name): Self.isIsolated(name) ? "\u{2068}\(name)\u{2069}" : name
            }
        }.joined()
    }

    /// `2026-12-01T14:30:00Z`: a time as scripts read it.
    public static func iso(_ time: Timestamp) -> String { MomentText.iso(time) }

    /// The same with neighbouring texts in one piece, so that it does not matter of how many patterns it was made.
    var merged: Prose {
        var merged: [Piece] = []
        for piece in pieces {
            if case .text(let next) = piece, case .text(let last)? = merged.last {
                merged[merged.count - 1] = .text(last + next)
            } else if piece != .text("") {
                merged.append(piece)
            }
        }
        return Prose(merged)
    }

    /// ASCII contains no right-to-left characters and no direction marks.
    private static func isIsolated(_ name: String) -> Bool { !name.utf8.allSatisfy { $0 < 0x80 } }
}

/// The encoding for a program of a lab's own page: a list of texts, and of times as `{"moment": milliseconds since
/// 1970, "form": "at"}`.
extension Prose: Codable {
    private struct Moment: Codable {
        var moment: Timestamp
        var form: MomentForm
    }

    public init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        while !list.isAtEnd {
            if let text = try? list.decode(String.self) {
                pieces.append(.text(text))
            } else {
                let value = try list.decode(Moment.self)
                // The words are the reader's.
                pieces.append(.moment(value.moment, value.form, utc: ""))
            }
        }
    }

    public func encode(to encoder: any Encoder) throws {
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
