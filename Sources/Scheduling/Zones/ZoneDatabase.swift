/// The IANA time zone database, wherever it is stored.
public struct ZoneDatabase: Sendable {
    /// Where it is stored, for messages.
    public let place: String
    /// Reads a file of the database by name; `nil` if it does not exist. Any thread.
    private let file: @Sendable (String) -> [UInt8]?

    public init(place: String, file: @escaping @Sendable (String) -> [UInt8]?) {
        self.place = place
        self.file = file
    }

    /// The clock of a place.
    ///
    /// - Parameter name: an IANA name such as `Europe/Warsaw`, or `UTC`.
    /// - Throws: `SchedulingError` if there is no such zone, or no database.
    public func clock(named name: String) throws(SchedulingError) -> WallClock {
        if name == "UTC" { return .utc }
        guard Self.isName(name) else {
            throw SchedulingError("\"\(name.prefix(60))\" is no time zone; they are called like Europe/Warsaw")
        }
        guard let bytes = file(name) else {
            guard isThere else { throw missing }
            throw SchedulingError("there is no time zone \(name) in \(place), whose version is \(version)")
        }
        do { return WallClock(name: name, rules: try ZoneRules(bytes)) } catch {
            throw SchedulingError("\(place)/\(name) is no time zone file: \(error.message)")
        }
    }

    /// Whether there is such a zone.
    public func has(_ name: String) -> Bool { (try? clock(named: name)) != nil }

    /// The release of the data, such as `2026b`, or `unknown`.
    public var version: String {
        guard let bytes = file(Self.source) else { return Self.unknownVersion }
        let line = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }.prefix(60), as: UTF8.self)
        let words = line.split(separator: " ")
        guard words.count == 3, words[0] == "#", words[1] == "version", !words[2].isEmpty else {
            return Self.unknownVersion
        }
        return String(words[2])
    }

    public static let unknownVersion = "unknown"

    /// What is wrong with the database as a whole, and what to do; `nil` if it is usable.
    public var problem: SchedulingError? { isThere ? nil : missing }

    /// The database in its source form, which distributions install beside the zones.
    static let source = "tzdata.zi"
    /// A zone that every release of the database contains.
    private static let sample = "Etc/UTC"

    private var isThere: Bool { file(Self.sample) != nil || file(Self.source) != nil }

    private var missing: SchedulingError {
        SchedulingError(
            "there are no time zones in \(place): install the package tzdata, or set TZDIR to where they are")
    }

    /// An area and a place in it. Abbreviations such as `EST` are ambiguous; `posix` and `right` repeat the same zones,
    /// the latter with leap seconds.
    private static func isName(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard (2...4).contains(parts.count), !["posix", "right"].contains(parts[0]) else { return false }
        return parts.allSatisfy { part in
            (1...30).contains(part.utf8.count)
                && part.utf8.allSatisfy {
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "_+-".utf8.contains($0)
                }
        }
    }
}
