/// Carrel's own paths on a lab's hostname, and the many ways to spell one.
///
/// Servers normalise a path differently before they use it: they decode it, once or twice, fold slashes, treat a
/// backslash as one, resolve `..`, ignore case, ignore what follows a semicolon, a zero byte or a decoded `?` or `#`,
/// ignore dots and blanks at the end, and accept other Unicode full stops for the usual one. A path that any of them
/// could take for one of ours never reaches a lab, because the lab's answer there would be taken for Carrel's.
enum OwnPaths {
    enum Standing: Equatable {
        /// `/.carrel/…`, in exactly this spelling.
        case own
        /// `/.carrel`.
        case withoutSlash
        /// One of the other spellings.
        case disguised
        case labs
    }

    /// The path prefix on every lab's hostname that is Carrel's own.
    static let prefix: StaticString = "/.carrel/"
    private static let name: StaticString = ".carrel"
    /// How many times a path may be decoded on its way to a program.
    private static let decodings = 8

    /// - Parameter target: a path with its query. Costs no allocation.
    static func standing(of target: [UInt8]) -> Standing {
        target.withUnsafeBytes { bytes in
            let path = UnsafeRawBufferPointer(rebasing: bytes.prefix { $0 != UInt8(ascii: "?") })
            if path.starts(with: prefix) { return .own }
            if path.count + 1 == prefix.utf8CodeUnitCount, prefix.starts(with: path) { return .withoutSlash }
            guard isPeculiar(path) else { return .labs }
            return leadsToOurs(path) ? .disguised : .labs
        }
    }

    /// Whether the path's folder is the root: a service worker whose script is there may control the whole hostname
    /// (Service Workers, algorithm *Update*). Browsers do not treat an encoded slash as a slash, nor does this.
    static func isInRoot(_ target: [UInt8]) -> Bool {
        target.withUnsafeBytes { bytes in
            let path = UnsafeRawBufferPointer(rebasing: bytes.prefix { $0 != UInt8(ascii: "?") })
            guard path.dropFirst().contains(UInt8(ascii: "/")) else { return true }
            guard isPeculiar(path) else { return false }
            var depth = 0
            forEachSegment(of: path) { segment, isLast in
                if isLast || segment.isEmpty || isDots(segment, 1) { return }
                depth = isDots(segment, 2) ? max(0, depth - 1) : depth + 1
            }
            return depth == 0
        }
    }

    /// Whether the path has anything that a program might fold or decode; any other path can be compared as it is.
    private static func isPeculiar(_ path: UnsafeRawBufferPointer) -> Bool {
        var last: UInt8 = 0
        for byte in path {
            switch byte {
            case UInt8(ascii: "%"), UInt8(ascii: "\\"), 0x80...: return true
            case UInt8(ascii: "/"), UInt8(ascii: "."): if last == UInt8(ascii: "/") { return true }
            default: break
            }
            last = byte
        }
        return false
    }

    private static func leadsToOurs(_ path: UnsafeRawBufferPointer) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: path.count, alignment: 1) { room in
            room.copyMemory(from: path)
            var count = path.count
            for _ in 0...decodings {
                if hasOurFirstSegment(UnsafeRawBufferPointer(rebasing: room[..<count])) { return true }
                let decoded = decode(room, count)
                if decoded == count { return false }
                count = decoded
            }
            // What hides behind still more encodings is refused rather than guessed.
            return true
        }
    }

    /// Decodes in place. Returns how many bytes are left.
    private static func decode(_ bytes: UnsafeMutableRawBufferPointer, _ count: Int) -> Int {
        var (from, to) = (0, 0)
        while from < count {
            if bytes[from] == UInt8(ascii: "%"), from + 2 < count, let high = digit(bytes[from + 1]),
                let low = digit(bytes[from + 2])
            {
                bytes[to] = high << 4 | low
                from += 3
            } else {
                bytes[to] = bytes[from]
                from += 1
            }
            to += 1
        }
        return to
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Whether the first segment is ours once dots and empty segments are folded.
    private static func hasOurFirstSegment(_ path: UnsafeRawBufferPointer) -> Bool {
        var depth = 0
        var isOurs = false
        forEachSegment(of: path) { segment, _ in
            let name = UnsafeRawBufferPointer(rebasing: segment.prefix(while: isPartOfName)).withoutBlanks
            if name.isEmpty || isDots(name, 1) { return }
            if isDots(name, 2) {
                depth = max(0, depth - 1)
            } else {
                if depth == 0 { isOurs = isOurName(name) }
                depth += 1
            }
            if depth == 0 { isOurs = false }
        }
        return isOurs
    }

    /// Some servers end a name at any other byte.
    private static func isPartOfName(_ byte: UInt8) -> Bool {
        byte != UInt8(ascii: ";") && byte != UInt8(ascii: "?") && byte != UInt8(ascii: "#") && byte != 0
    }

    /// Whether a segment's name is ours when its trailing dots and blanks are ignored, and with any of the full stops.
    private static func isOurName(_ name: UnsafeRawBufferPointer) -> Bool {
        let isFill = { (byte: UInt8) in byte == UInt8(ascii: ".") || byte <= UInt8(ascii: " ") }
        let end = name.lastIndex { !isFill($0) }.map { $0 + 1 } ?? 0
        let kept = UnsafeRawBufferPointer(rebasing: name[..<end])
        if kept.equalsIgnoringCase(Self.name) { return true }
        guard fullStops.contains(where: { kept.starts(with: $0) }) else { return false }
        return UnsafeRawBufferPointer(rebasing: kept[3...]).equalsIgnoringCase(nameWithoutDot)
    }

    /// The characters whose Unicode compatibility form is `.`: U+2024, U+FE52 and U+FF0E.
    private static let fullStops: [StaticString] = ["\u{2024}", "\u{FE52}", "\u{FF0E}"]
    private static let nameWithoutDot: StaticString = "carrel"

    /// Visits the segments between slashes, counting a backslash as one; the first segment follows the leading slash.
    private static func forEachSegment(
        of path: UnsafeRawBufferPointer, _ body: (_ segment: UnsafeRawBufferPointer, _ isLast: Bool) -> Void
    ) {
        var start = min(1, path.count)
        for index in start...path.count {
            let isLast = index == path.count
            guard isLast || path[index] == UInt8(ascii: "/") || path[index] == UInt8(ascii: "\\") else { continue }
            body(UnsafeRawBufferPointer(rebasing: path[start..<index]), isLast)
            start = index + 1
        }
    }

    private static func isDots(_ segment: UnsafeRawBufferPointer, _ count: Int) -> Bool {
        segment.count == count && segment.allSatisfy { $0 == UInt8(ascii: ".") }
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes without blanks and control characters at either end.
    fileprivate var withoutBlanks: UnsafeRawBufferPointer {
        guard let first = firstIndex(where: { $0 > 0x20 }), let last = lastIndex(where: { $0 > 0x20 }) else {
            return UnsafeRawBufferPointer(rebasing: self[..<0])
        }
        return UnsafeRawBufferPointer(rebasing: self[first...last])
    }

    fileprivate func starts(with word: StaticString) -> Bool {
        count >= word.utf8CodeUnitCount && prefix(word.utf8CodeUnitCount).elementsEqual(word.bytes)
    }
}

extension StaticString {
    fileprivate func starts(with bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count <= utf8CodeUnitCount && bytes.elementsEqual(self.bytes.prefix(bytes.count))
    }
}
