extension RequestHead {
    /// Parses `method SP target SP version`, with exactly those spaces (RFC 9112, section 3).
    mutating func readStartLine(_ line: UnsafeRawBufferPointer, limits: HTTPLimits) throws(HTTPParseError) {
        guard let methodEnd = line.firstIndex(of: Byte.space, from: 0, before: line.count) else {
            throw .invalidStartLine
        }
        guard methodEnd > 0, line.part(0..<methodEnd).allSatisfy(Byte.isToken) else { throw .invalidMethod }
        if methodEnd > limits.methodBytes { throw .unknownMethod }
        let targetStart = methodEnd + 1
        guard let targetEnd = line.firstIndex(of: Byte.space, from: targetStart, before: line.count) else {
            throw .invalidStartLine
        }
        version = try Self.version(line.part(targetEnd + 1..<line.count))
        method = Self.method(line.part(0..<methodEnd))
        try setTarget(line.part(targetStart..<targetEnd))
    }

    /// Accepts visible ASCII only, and no fragment, which clients never send (RFC 9110, section 7.1).
    mutating func setTarget(_ target: UnsafeRawBufferPointer) throws(HTTPParseError) {
        guard !target.isEmpty, target.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != Byte.hash }) else {
            throw .invalidTarget
        }
        targetBytes.removeAll(keepingCapacity: true)
        targetBytes.append(contentsOf: target)
    }

    /// Returns literals for common methods, which avoids allocating a string.
    static func method(_ text: UnsafeRawBufferPointer) -> String {
        if text.equals("GET") { return "GET" }
        if text.equals("POST") { return "POST" }
        return String(decoding: text, as: UTF8.self)
    }

    private static func version(_ text: UnsafeRawBufferPointer) throws(HTTPParseError) -> HTTPVersion {
        if text.equals("HTTP/1.1") { return .http11 }
        if text.equals("HTTP/1.0") { return .http10 }
        let isVersion =
            text.count == 8 && text.part(0..<5).equals("HTTP/") && Byte.isDigit(text[5]) && text[6] == Byte.dot
            && Byte.isDigit(text[7])
        throw isVersion ? .unsupportedVersion : .invalidStartLine
    }

    /// Validates the Host field and splits an absolute URL: its authority replaces the Host field (RFC 9112, section
    /// 3.2).
    mutating func resolveTarget(hostCount: Int) throws(HTTPParseError) {
        if hostCount > 1 { throw .duplicateHost }
        if hostCount == 0, version != .http10 { throw .missingHost }
        if hostCount == 1, fields.withFirst("Host", { AuthorityBytes($0) }) == nil { throw .invalidHost }
        if method == "CONNECT" { throw .unknownMethod }
        if targetBytes[0] == Byte.slash { return }
        if targetBytes.count == 1, targetBytes[0] == Byte.asterisk {
            if method != "OPTIONS" { throw .invalidTarget }
            return
        }
        guard let (authority, path) = targetBytes.withUnsafeBytes({ Self.absoluteForm($0) }) else {
            throw .invalidTarget
        }
        fields.replace("Host", String(decoding: targetBytes[authority], as: UTF8.self))
        var resolved = Array(targetBytes[path])
        if resolved.isEmpty, method == "OPTIONS" {
            resolved = [Byte.asterisk]
        } else if resolved.first != Byte.slash {
            resolved.insert(Byte.slash, at: 0)
        }
        targetBytes = resolved
    }

    /// The authority and the rest of `http://authority/path?query`; `nil` for anything else, including user
    /// information.
    private static func absoluteForm(_ target: UnsafeRawBufferPointer) -> (Range<Int>, Range<Int>)? {
        let start: Int
        if target.count > 7, target.part(0..<7).equalsIgnoringCase("http://") {
            start = 7
        } else if target.count > 8, target.part(0..<8).equalsIgnoringCase("https://") {
            start = 8
        } else {
            return nil
        }
        var end = start
        while end < target.count, target[end] != Byte.slash, target[end] != Byte.questionMark { end += 1 }
        guard AuthorityBytes(target.part(start..<end)) != nil else { return nil }
        return (start..<end, end..<target.count)
    }
}
