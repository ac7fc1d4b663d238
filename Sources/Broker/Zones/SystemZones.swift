import Glibc
import Scheduling

/// The time zones of this machine, which its updates keep in step with government decisions.
extension ZoneDatabase {
    /// Where distributions install them.
    static let systemDirectory = "/usr/share/zoneinfo"

    /// The zones in a directory of TZif files. Files are read at every lookup, so that an update takes effect at once.
    ///
    /// - Parameter directory: by default `$TZDIR`, as for other programs, or else the system's.
    public static func system(directory: String? = nil) -> ZoneDatabase {
        let directory = directory ?? environment("TZDIR") ?? systemDirectory
        return ZoneDatabase(place: directory) { contents(of: "\(directory)/\($0)") }
    }

    /// The clock of this machine: that of `$TZ`, or else of `/etc/localtime`; Coordinated Universal Time if neither is
    /// set, or if it names an unknown zone.
    public func local(
        tz: String? = environment("TZ"), link: String = "/etc/localtime", nameFile: String = "/etc/timezone"
    ) -> WallClock {
        if let tz { return clock(ofVariable: tz.hasPrefix(":") ? String(tz.dropFirst()) : tz) }
        for name in [Self.target(of: link), Self.firstLine(of: nameFile)].compactMap(\.self) {
            if let clock = try? clock(named: name) { return clock }
        }
        // A copy of a zone's file has no name, but its rules are valid.
        return Self.unnamedClock(of: link) ?? .utc
    }

    /// The forms of `TZ` (POSIX.1-2024, Base Definitions, 8.3): a zone's name, the path of its file, or a rule.
    private func clock(ofVariable text: String) -> WallClock {
        if let clock = try? clock(named: text) { return clock }
        if text.hasPrefix("/") {
            let named = Self.target(of: text).flatMap { try? clock(named: $0) }
            return named ?? Self.unnamedClock(of: text) ?? .utc
        }
        if let rule = RecurringZone(text) {
            return WallClock(name: WallClock.unnamed, rules: ZoneRules(recurring: rule))
        }
        // Old one-word names such as CET, which are not accepted as a reservation's zone.
        return Self.isWord(text) ? Self.unnamedClock(of: "\(place)/\(text)") ?? .utc : .utc
    }

    private static func isWord(_ text: String) -> Bool {
        text.utf8.allSatisfy { (65...90).contains($0 & ~32) || (48...57).contains($0) || $0 == UInt8(ascii: "-") }
    }

    private static func unnamedClock(of path: String) -> WallClock? {
        guard let bytes = contents(of: path), let rules = try? ZoneRules(bytes) else { return nil }
        return WallClock(name: WallClock.unnamed, rules: rules)
    }

    /// `nil` if the variable is unset or empty.
    public static func environment(_ name: String) -> String? {
        guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { return nil }
        return value
    }

    /// `Europe/Warsaw` for a link to `/usr/share/zoneinfo/Europe/Warsaw`.
    private static func target(of link: String) -> String? {
        guard let resolved = realpath(link, nil) else { return nil }
        defer { free(resolved) }
        let parts = String(cString: resolved).split(separator: "/")
        guard let index = parts.lastIndex(of: "zoneinfo") else { return nil }
        return parts[(index + 1)...].joined(separator: "/")
    }

    private static func firstLine(of path: String) -> String? {
        contents(of: path).flatMap { bytes in
            String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).first.map(String.init)
        }
    }

    /// Reads at most `fileBytes` of a file. `nil` if it is not a regular file or cannot be read; never blocks on a
    /// pipe.
    private static func contents(of path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        let wanted = min(Int(facts.st_size), fileBytes)
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            while count < wanted, let start = buffer.baseAddress {
                let more = read(descriptor, start + count, wanted - count)
                if more < 0, errno == EINTR { continue }
                failed = more < 0
                guard more > 0 else { break }
                count += more
            }
        }
        return failed ? nil : bytes
    }

    /// Longer than the longest zone file, and than the beginning of the database's source, which contains its version.
    private static let fileBytes = SchedulingLimits.zoneBytes + 1
}
