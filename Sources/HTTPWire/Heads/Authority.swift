/// The ranges of the host and the port in an authority's bytes; `nil` if it is not a valid `host[:port]`.
///
/// Stricter than RFC 3986: a name of letters, digits, hyphens and underscores (one trailing dot is allowed), an IPv4
/// address, or an IPv6 address in brackets. No user information, no percent-encoding, no empty host.
public struct AuthorityBytes: Sendable, Hashable {
    /// Without a trailing dot; an IPv6 address without its brackets.
    public let host: Range<Int>
    /// 1–65535; `nil` if the authority has no port.
    public let port: Int?

    public init?(_ bytes: UnsafeRawBufferPointer) {
        var end = 0
        if bytes.first == Byte.openBracket {
            guard let close = bytes.firstIndex(of: Byte.closeBracket, from: 1, before: bytes.count),
                Self.isIPv6(bytes.part(1..<close))
            else { return nil }
            host = 1..<close
            end = close + 1
        } else {
            while end < bytes.count, bytes[end] != Byte.colon { end += 1 }
            let nameEnd = end > 1 && bytes[end - 1] == Byte.dot ? end - 1 : end
            guard Hostname.isName(bytes.part(0..<nameEnd), underscores: true) else { return nil }
            host = 0..<nameEnd
        }
        if end == bytes.count {
            port = nil
        } else {
            let digits = bytes.part(end + 1..<bytes.count)
            guard bytes[end] == Byte.colon, digits.count <= 5, let number = digits.decimal(),
                (1...65535).contains(number)
            else { return nil }
            port = Int(number)
        }
    }

    private static func isIPv6(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var colons = 0
        for byte in bytes {
            if byte == Byte.colon {
                colons += 1
            } else if byte != Byte.dot, Byte.hexValue(byte) == nil {
                return false
            }
        }
        return colons >= 2 && bytes.count <= 45
    }
}

/// A host with an optional port, as in a Host or Origin field.
public struct Authority: Hashable, Sendable, CustomStringConvertible {
    /// In lower case, without a trailing dot; an IPv6 address without its brackets.
    public let host: String
    /// 1–65535; `nil` if the authority has no port.
    public let port: Int?

    /// - Returns: `nil` if the bytes are not a valid `host[:port]` by the rules of `AuthorityBytes`.
    public static func parse(_ bytes: UnsafeRawBufferPointer) -> Authority? {
        guard let parts = AuthorityBytes(bytes) else { return nil }
        let host = String(decoding: bytes.part(parts.host).map(Byte.lowercased), as: UTF8.self)
        return Authority(host: host, port: parts.port)
    }

    /// - Returns: `nil` when the text is not a valid `host[:port]`.
    public init?(_ text: String) {
        guard let parsed = text.withBytes({ Self.parse($0) }) else { return nil }
        self = parsed
    }

    private init(host: String, port: Int?) {
        self.host = host
        self.port = port
    }

    public var description: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port.map { "\(name):\($0)" } ?? name
    }
}

/// DNS host names (RFC 1123, section 2.1).
public enum Hostname {
    /// At most 253 characters: labels of 1–63 letters, digits and inner hyphens. Case-insensitive; no trailing dot.
    public static func isValid(_ name: String) -> Bool {
        name.withBytes { isName($0, underscores: false) }
    }

    static func isName(_ bytes: UnsafeRawBufferPointer, underscores: Bool) -> Bool {
        guard !bytes.isEmpty, bytes.count <= 253 else { return false }
        var labelStart = 0
        for index in 0...bytes.count {
            if index == bytes.count || bytes[index] == Byte.dot {
                let length = index - labelStart
                guard length > 0, length <= 63, bytes[labelStart] != Byte.hyphen, bytes[index - 1] != Byte.hyphen
                else { return false }
                labelStart = index + 1
            } else {
                let byte = bytes[index]
                guard
                    Byte.isLetter(byte) || Byte.isDigit(byte) || byte == Byte.hyphen
                        || (underscores && byte == Byte.underscore)
                else { return false }
            }
        }
        return true
    }
}
